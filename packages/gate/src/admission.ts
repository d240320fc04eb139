import { NANO_USD_MAX, type NanoUsd } from '@tallygate/usage';
import { bucketEndMs } from './buckets.ts';
import type { BudgetPeriod } from './budget-periods.ts';
import type { Refusal } from './denials.ts';

/**
 * The rule of admission: spent + held + asked stays within the limit on both tracks, the expected and the worst. The worst
 * track is the promise (whatever the calls in flight turn out to cost, the limit holds); the expected one is a plan.
 * `lua/reserve.lua` states the same rule.
 */

/** The same money twice: what it will probably be, and what it can be at most. */
export interface Tracks {
  expectedNanoUsd: NanoUsd;
  worstNanoUsd: NanoUsd;
}

/** Live holds of a budget period. */
export interface HeldSum extends Tracks {
  /** The first bucket whose end gives something back; null when nothing is held. */
  oldestBucket: number | null;
}

/** What stands against a budget in a period. */
export interface Standing {
  period: BudgetPeriod;
  spentNanoUsd: NanoUsd;
  held: HeldSum;
}

/** Null when the amount fits. */
export function refusalOf(
  { period, spentNanoUsd, held }: Standing,
  asked: Tracks,
  bucketMs: number,
): Refusal | null {
  const expected = { heldNanoUsd: held.expectedNanoUsd, neededNanoUsd: asked.expectedNanoUsd };
  const worst = { heldNanoUsd: held.worstNanoUsd, neededNanoUsd: asked.worstNanoUsd };
  const tighter = sum(worst) >= sum(expected) ? worst : expected;
  const { limitNanoUsd } = period.budget;
  if (spentNanoUsd + sum(tighter) <= limitNanoUsd) return null;
  const fitsWithoutHolds = spentNanoUsd + tighter.neededNanoUsd <= limitNanoUsd;
  const holdEndMs =
    fitsWithoutHolds && held.oldestBucket !== null
      ? bucketEndMs(held.oldestBucket, bucketMs)
      : period.periodEndMs;
  return { period, spentNanoUsd, ...tighter, retryAtMs: Math.min(period.periodEndMs, holdEndMs) };
}

/** What "held" means wherever one number is shown: the track that admission runs into first. */
export function heldNanoUsd(held: Tracks): NanoUsd {
  const { expectedNanoUsd, worstNanoUsd } = held;
  if (expectedNanoUsd > worstNanoUsd) return expectedNanoUsd;
  return worstNanoUsd;
}

/** False when a hold would take a sum beyond what a 64-bit counter can hold; only an observed budget gets that far. */
export function fitsCounter(held: Tracks, asked: Tracks): boolean {
  return (
    held.expectedNanoUsd + asked.expectedNanoUsd <= NANO_USD_MAX &&
    held.worstNanoUsd + asked.worstNanoUsd <= NANO_USD_MAX
  );
}

function sum(track: { heldNanoUsd: NanoUsd; neededNanoUsd: NanoUsd }): NanoUsd {
  return track.heldNanoUsd + track.neededNanoUsd;
}
