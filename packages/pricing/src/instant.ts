import { TallygateError } from '@tallygate/usage';

/** The range of Date, either way from 1970. */
const LAST_INSTANT_MS = 8.64e15;

/**
 * Refuses what no calendar holds, before any look-up by date: NaN lies in no period at all, so that every price would seem to be
 * missing and every fee to be none.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID`.
 */
export function requireInstant(atMs: number): void {
  if (!(Math.abs(atMs) <= LAST_INSTANT_MS)) throw notPriceable(atMs);
}

export function notPriceable(atMs: number): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `${atMs} is not an instant that can be priced.`,
    cure: 'Pass milliseconds since 1970, UTC.',
  });
}
