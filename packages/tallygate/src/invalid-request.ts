import { TallygateError } from '@tallygate/usage';

/** What was asked for cannot be meant: nothing was done. */
export function invalidRequest(message: string, cure: string): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', { message, cure });
}
