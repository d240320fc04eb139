import { ERRORS, type ErrorCode, TallygateError } from '@tallygate/usage';
import { z } from 'zod';

/**
 * An error on the wire: `{ error: { code, message, cure } }`. It is raised again on the other side as the same
 * `TallygateError`, so that a caller branches on the code without knowing where the gate runs.
 */
const wireErrorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), cure: z.string() }),
});
export type WireError = z.output<typeof wireErrorSchema>;

export function toWireError(error: TallygateError): WireError {
  return { error: { code: error.code, message: withoutCure(error), cure: error.cure } };
}

/** The error that the reply carries, or null when the reply is nothing that Tallygate writes (a proxy's page, another version's code). */
export function fromWireError(body: unknown): TallygateError | null {
  const parsed = wireErrorSchema.safeParse(body);
  if (!parsed.success || !isErrorCode(parsed.data.error.code)) return null;
  const { code, message, cure } = parsed.data.error;
  return new TallygateError(code, { message, cure });
}

/** `TallygateError` appends the cure to its message; sent as it is, it would be appended once more per hop. */
function withoutCure(error: TallygateError): string {
  return error.message.endsWith(` ${error.cure}`)
    ? error.message.slice(0, -error.cure.length - 1)
    : error.message;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
