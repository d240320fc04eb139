import { type Measure, type ReserveRequest, type SettleRequest, TallygateError } from '@tallygate/usage';
import type { Tracks } from './admission.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import { measureOf } from './keys.ts';

/** What one call takes from a budget depends on what the budget is in. A batch is as many requests as it has items. */

/** What an attempt has used, in every measure that it can be charged in. */
export type Charge = Omit<SettleRequest, 'hold'>;

export const NO_CHARGE: Charge = { amountNanoUsd: 0n, tokens: 0n, requests: 0n };

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` where tokens are asked for and nobody told them: that is not none. */
export function askedIn(measure: Measure, request: ReserveRequest): Tracks {
  const { expectedNanoUsd, worstNanoUsd, tokens, requests = 1n } = request;
  if (measure === 'usd') return { expected: expectedNanoUsd, worst: worstNanoUsd };
  if (measure === 'requests') return { expected: requests, worst: requests };
  if (tokens === undefined) throw untold('reserve');
  return tokens;
}

/** @throws as `askedIn`. */
function chargedIn(measure: Measure, { amountNanoUsd, tokens, requests = 1n }: Charge): bigint {
  if (measure === 'usd') return amountNanoUsd;
  if (measure === 'requests') return requests;
  if (tokens === undefined) throw untold('settle');
  return tokens;
}

/** What one entry of a hold is charged: all, or of a call that a budget and its pool held together the part that it pays. */
export function chargedTo({ key, paysUpTo, paysFrom = 0n }: PinnedPeriod, charge: Charge): bigint {
  const whole = chargedIn(measureOf(key), charge);
  if (paysUpTo !== undefined) return whole < paysUpTo ? whole : paysUpTo;
  return whole < paysFrom ? 0n : whole - paysFrom;
}

/** One amount where all are the same, else one for each: "7" or "7,2000,1". */
export function amountsToText(amounts: readonly bigint[]): string {
  const [first = 0n] = amounts;
  return amounts.every((amount) => amount === first) ? String(first) : amounts.join(',');
}

/** @returns the amount at each position. */
export function amountsFromText(text: string): (position: number) => bigint {
  const amounts = text.split(',').map(BigInt);
  return (position) => amounts[amounts.length === 1 ? 0 : position] ?? 0n;
}

function untold(script: 'reserve' | 'settle'): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `A budget in tokens covers this ${script}, which does not say how many.`,
  });
}
