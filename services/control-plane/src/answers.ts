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
      message: `There is no ${context.req.method} ${context.req.path}.`,
      cure: 'The overview is at /, the API under /v1.',
    }),
  );

/** A defect answers without its text: that may hold what no caller may see. The log has it. */
export function errorAnswers(logger: Logger): ErrorHandler {
  return (error, context) => {
    if (TallygateError.isInstance(error)) return answerError(context, error);
    logger.error('A request failed unexpectedly.', { path: context.req.path, cause: String(error) });
    return answerError(
      context,
      new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
        message: 'The control plane failed while it answered.',
        cure: 'Look for this moment in its log.',
      }),
    );
  };
}

export function answerError(context: Context, error: TallygateError): Response {
  return answerJson(context, toWireError(error), error.httpStatus);
}
