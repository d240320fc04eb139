import { TallygateError } from '@tallygate/usage';
import type { z } from 'zod';
import type { Route } from './routes.ts';

/** Names the field, never its value: a request may hold what must not reach a log. The same on both ends of the wire. */
export function requestInvalid(
  { path, refusal }: Pick<Route<z.ZodType, z.ZodType>, 'path' | 'refusal'>,
  error: z.ZodError,
): TallygateError {
  const [issue] = error.issues;
  const field = issue === undefined || issue.path.length === 0 ? 'the body' : `"${issue.path.join('.')}"`;
  return new TallygateError(refusal, {
    message: `The request of ${path} does not fit: ${field}: ${issue?.message ?? 'invalid'}.`,
  });
}
