import { toWireError } from '@tallygate/remote';
import { type Logger, TallygateError, toWireJson } from '@tallygate/usage';
import type { Context, ErrorHandler, NotFoundHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** JSON with money as decimal strings: `context.json` would fail on the first bigint. */
export function answerJson(context: Context, body: unknown, status = 200): Response {
  return context.body(toWireJson(body), status as ContentfulStatusCode, {
    'content-type': 'application/json; charset=utf-8',
  });
}

export const routeUnknown: NotFoundHandler = (context) =>
  answerError(
    context,
    new TallygateError('TALLYGATE_ROUTE_UNKNOWN', {
      message: `There is no ${context.req.method} route at this path.`,
      cure: 'The overview is at /, the API under /v1.',
    }),
  );

/** An error of ours is an answer. Anything else is a defect: the caller learns nothing of it, the log where it happened. */
export function errorAnswers(logger: Logger): ErrorHandler {
  return (error, context) => {
    if (TallygateError.isInstance(error)) return answerError(context, error);
    const { method, path } = context.req;
    logger.error('A request failed unexpectedly.', { method, path, ...describeDefect(error) });
    return answerError(
      context,
      new TallygateError('TALLYGATE_REQUEST_FAILED', { message: 'The control plane failed.' }),
    );
  };
}

/**
 * Name and place, without the message: the text of an error that is not ours can quote a URL with a password, a header, or
 * a row. Its frames find the line all the same.
 */
export function describeDefect(error: unknown): { error: string; frames: string[] } {
  if (!(error instanceof Error)) return { error: typeof error, frames: [] };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: error.name, frames: frames.slice(0, 12).map((line) => line.trim()) };
}

function answerError(context: Context, error: TallygateError): Response {
  return answerJson(context, toWireError(error), error.httpStatus);
}
