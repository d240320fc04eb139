import { hardLimit, NANO_USD_MAX } from '@tallygate/usage';
import { bucketEndMs } from './buckets.ts';
import type { BudgetPeriod } from './budget-periods.ts';
import type { Refusal } from './denials.ts';

/**
 * The rule of admission: spent + held + asked stays within the limit as calls are expected to end, and within the limit and its
 * overage at their worst. The worst track is the promise (whatever the calls in flight turn out to cost, it holds); the expected
 * one is a plan.
 * `lua/reserve.lua` states the same rule.
 */

/** The same amount twice: what it will probably be, and what it can be at most. */
export interface Tracks {
  expected: bigint;
  worst: bigint;
}

/** Live holds of a budget period. */
export interface HeldSum extends Tracks {
  /** The first bucket whose end gives something back; null when nothing is held. */
  oldestBucket: number | null;
}

/** What stands against a budget in a period. */
export interface Standing {
  period: BudgetPeriod;
  spent: bigint;
  held: HeldSum;
  /** What the call asks of it. */
  asked: Tracks;
  /** When so much of what was spent no longer counts, at the soonest. */
  leftAtMs(amount: bigint): number;
}

/** Null when it fits. */
export function refusalOf(
  { period, spent, held, asked, leftAtMs }: Standing,
  bucketMs: number,
): Refusal | null {
  const { budget } = period;
  const plan = { held: held.expected, needed: asked.expected, limit: budget.limit };
  const promise = { held: held.worst, needed: asked.worst, limit: hardLimit(budget) };
  const tighter = excess(promise) >= excess(plan) ? promise : plan;
  if (spent + excess(tighter) <= 0n) return null;
  const tooMuchSpent = spent + tighter.needed - tighter.limit;
  if (tooMuchSpent > 0n) return { period, spent, ...tighter, retryAtMs: leftAtMs(tooMuchSpent) };
  const holdEndMs = held.oldestBucket === null ? Infinity : bucketEndMs(held.oldestBucket, bucketMs);
  return { period, spent, ...tighter, retryAtMs: Math.min(leftAtMs(1n), holdEndMs) };
}

/** What "held" means wherever one number is shown: the track that admission runs into first. */
export function shownHeld({ expected, worst }: Tracks): bigint {
  if (expected > worst) return expected;
  return worst;
}

/** False when a hold would take a sum beyond what a 64-bit counter can hold; only an observed budget gets that far. */
export function fitsCounter(held: Tracks, asked: Tracks): boolean {
  return held.expected + asked.expected <= NANO_USD_MAX && held.worst + asked.worst <= NANO_USD_MAX;
}

function excess({ held, needed, limit }: Pick<Refusal, 'held' | 'needed' | 'limit'>): bigint {
  return held + needed - limit;
}
