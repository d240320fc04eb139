import { answerRemoteCall } from '@tallygate/remote';
import { TallygateError } from '@tallygate/usage';
import type { Handler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { answerJson } from '../answers.ts';
import type { RouteParts } from './parts.ts';

/** As much as the owner's socket takes: a sealed segment is about 1 MiB of spool. */
export const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** Comes after the token was checked: nobody else makes this process hold a body. */
export const bodyWithinLimit = bodyLimit({
  maxSize: BODY_BYTES_MAX,
  onError: () => {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `The body is larger than ${BODY_BYTES_MAX} bytes.`,
      cure: 'Send less at once.',
    });
  },
});

/** `POST /v1/…`: gate, sink and history for other processes, by the table that `connectRemote` encodes by. */
export function remoteCalls({ runtime, logger }: RouteParts): Handler {
  return async (context) => {
    const body: unknown = await context.req.json().catch(() => {
      throw new TallygateError('TALLYGATE_REQUEST_INVALID', { message: 'The body is not JSON.' });
    });
    const answer = await answerRemoteCall(runtime.remoteBackend, context.req.path, body, logger);
    return answerJson(context, answer.body, answer.status);
  };
}
