import { PACE_WINDOW_MS, type Velocity } from '@tallygate/usage';

/**
 * How fast a budget is spent: in windows of five minutes, and against those before. `lua/fragments/pace.lua` states the same rules. It
 * outlives the budget's periods and no loss: a gate that has lost it begins to learn anew.
 */
export interface Pace {
  /** Number of the window that is counted. It never goes back when a clock does. */
  window: number;
  spent: bigint;
  /** What was spent in the windows before it, the latest first; none that is missing. */
  readonly before: bigint[];
  /** The last trip; null for none. It denies until its end. */
  trip: Trip | null;
}

/** Too much was spent in one window. */
export interface Trip {
  atMs: number;
  untilMs: number;
  spent: bigint;
  threshold: bigint;
  median: bigint;
}

/** The windows that a median is of. */
const WINDOWS = 24;
/** What is older says nothing any more. */
export const PACE_KEPT_MS = (WINDOWS + 1) * PACE_WINDOW_MS;

export function newPace(): Pace {
  return { window: 0, spent: 0n, before: Array.from({ length: WINDOWS }, () => 0n), trip: null };
}

/** Counts a charge. @returns the trip that it brought about; null while calls are denied already, so that one is told once. */
export function chargePace(pace: Pace, velocity: Velocity, amount: bigint, nowMs: number): Trip | null {
  moveTo(pace, Math.floor(nowMs / PACE_WINDOW_MS));
  pace.spent += amount;
  const { median, threshold } = thresholdAfter(pace.before, velocity);
  if (pace.spent <= threshold || runningTrip(pace, nowMs) !== null) return null;
  const untilMs = nowMs + velocity.pauseMinutes * 60_000;
  pace.trip = { atMs: nowMs, untilMs, spent: pace.spent, threshold, median };
  return pace.trip;
}

export function runningTrip({ trip }: Pick<Pace, 'trip'>, nowMs: number): Trip | null {
  return trip !== null && nowMs < trip.untilMs ? trip : null;
}

/** Of an even number of windows the median is the mean of the two in the middle; both are rounded down. */
function thresholdAfter(
  before: readonly bigint[],
  { floorNanoUsd, times }: Pick<Velocity, 'floorNanoUsd' | 'times'>,
): { median: bigint; threshold: bigint } {
  const sorted = before.toSorted((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  const middle = (sorted[WINDOWS / 2 - 1] ?? 0n) + (sorted[WINDOWS / 2] ?? 0n);
  const several = (middle * BigInt(times)) / 2n;
  return { median: middle / 2n, threshold: several > floorNanoUsd ? several : floorNanoUsd };
}

function moveTo(pace: Pace, window: number): void {
  const passed = Math.min(window - pace.window, WINDOWS + 1);
  if (passed <= 0) return;
  for (let index = 0; index < passed; index += 1) {
    pace.before.unshift(index === 0 ? pace.spent : 0n);
    pace.before.pop();
  }
  pace.window = window;
  pace.spent = 0n;
}
