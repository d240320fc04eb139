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
  /** Of its pool, asked for nothing yet. */
  pool?: Standing;
}

/** One of the two, as it is judged. */
export interface Track extends Pick<Refusal, 'held' | 'needed' | 'limit'> {
  track: keyof Tracks;
}

export type TrackRefusal = Refusal & Track;

/** Null when it fits. */
export function refusalOf(standing: Standing, bucketMs: number): TrackRefusal | null {
  const { period, spent, held, leftAtMs } = standing;
  const [plan, promise] = [inTrack('expected', standing), inTrack('worst', standing)];
  const tighter = excess(promise) >= excess(plan) ? promise : plan;
  if (spent + excess(tighter) <= 0n) return null;
  const tooMuchSpent = spent + tighter.needed - tighter.limit;
  if (tooMuchSpent > 0n) return { period, spent, ...tighter, retryAtMs: leftAtMs(tooMuchSpent) };
  const holdEndMs = held.oldestBucket === null ? Infinity : bucketEndMs(held.oldestBucket, bucketMs);
  return { period, spent, ...tighter, retryAtMs: Math.min(leftAtMs(1n), holdEndMs) };
}

export function inTrack(track: keyof Tracks, { period: { budget }, held, asked }: Standing): Track {
  const limit = track === 'expected' ? budget.limit : hardLimit(budget);
  return { track, held: held[track], needed: asked[track], limit };
}

/** How much of a call that does not fit still does, by both tracks; never less than nothing. */
export function ownShare(standing: Standing): bigint {
  const { spent, asked } = standing;
  const left = ({ limit, held }: Track) => limit - spent - held;
  const [planned, promised] = [left(inTrack('expected', standing)), left(inTrack('worst', standing))];
  const share = asked.expected > planned ? smaller(planned, promised) : promised;
  return share < 0n ? 0n : share;
}

export function within(share: bigint, { expected, worst }: Tracks): Tracks {
  return { expected: smaller(share, expected), worst: smaller(share, worst) };
}

export function above(share: bigint, asked: Tracks): Tracks {
  const { expected, worst } = within(share, asked);
  return { expected: asked.expected - expected, worst: asked.worst - worst };
}

export function smaller(left: bigint, right: bigint): bigint {
  if (left < right) return left;
  return right;
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

function excess({ held, needed, limit }: Track): bigint {
  return held + needed - limit;
}
