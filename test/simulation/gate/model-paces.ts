import type { NanoUsd, Velocity } from '@tallygate/usage';
import { BUCKET_MS, MINUTE_MS } from '../../contract/gate-fixtures.ts';
import type { ModelAlert } from './model-alerts.ts';

const WINDOW_MS = 5 * MINUTE_MS;
const WINDOWS_BEFORE = 24;

/** Too much was spent in one window. */
export interface ModelTrip {
  atMs: number;
  untilMs: number;
  spent: NanoUsd;
  threshold: NanoUsd;
  median: NanoUsd;
}

interface Pace {
  /** The latest in which anything was charged: it never goes back when a clock does. */
  window: number;
  readonly spent: Map<number, NanoUsd>;
  trip: ModelTrip | null;
  forgottenMs: number;
}

/** Breakers: of every budget what was charged in which five minutes, of all time. */
export class ModelPaces {
  readonly #paces = new Map<string, Pace>();

  /** @returns what is to be told, where the charge trips the breaker. */
  charge(budgetId: string, velocity: Velocity, amount: NanoUsd, nowMs: number): ModelAlert | null {
    if (amount <= 0n) return null;
    const pace = this.#paces.get(budgetId) ?? { window: 0, spent: new Map(), trip: null, forgottenMs: 0 };
    this.#paces.set(budgetId, pace);
    pace.window = Math.max(pace.window, Math.floor(nowMs / WINDOW_MS));
    const spent = (pace.spent.get(pace.window) ?? 0n) + amount;
    pace.spent.set(pace.window, spent);
    const tripped = this.running(budgetId, nowMs) === null ? tripBy(pace, spent, velocity, nowMs) : null;
    pace.trip = tripped ?? pace.trip;
    const keptMs = nowMs + (WINDOWS_BEFORE + 1) * WINDOW_MS;
    pace.forgottenMs = Math.max(pace.forgottenMs, keptMs, pace.trip?.untilMs ?? 0);
    if (tripped === null) return null;
    const key = `${budgetId}:velocity:${nowMs}`;
    return { key, percent: 100, spent, limit: tripped.threshold, atMs: nowMs };
  }

  running(budgetId: string, nowMs: number): ModelTrip | null {
    const trip = this.#paces.get(budgetId)?.trip ?? null;
    return trip !== null && nowMs < trip.untilMs ? trip : null;
  }

  /** A gate in process looks when a bucket is past. */
  forgetBefore(nowMs: number): void {
    for (const [budgetId, { forgottenMs }] of this.#paces)
      if (Math.ceil(forgottenMs / BUCKET_MS) * BUCKET_MS <= nowMs) this.#paces.delete(budgetId);
  }

  loseAll(): void {
    this.#paces.clear();
  }
}

function tripBy(pace: Pace, spent: NanoUsd, velocity: Velocity, nowMs: number): ModelTrip | null {
  const { floorNanoUsd, times, pauseMinutes } = velocity;
  const before = Array.from(
    { length: WINDOWS_BEFORE },
    (_none, index) => pace.spent.get(pace.window - 1 - index) ?? 0n,
  );
  const [low = 0n, high = 0n] = before
    .toSorted((left, right) => (left < right ? -1 : Number(left > right)))
    .slice(WINDOWS_BEFORE / 2 - 1);
  const several = ((low + high) * BigInt(times)) / 2n;
  const threshold = several > floorNanoUsd ? several : floorNanoUsd;
  if (spent <= threshold) return null;
  return {
    atMs: nowMs,
    untilMs: nowMs + pauseMinutes * MINUTE_MS,
    spent,
    threshold,
    median: (low + high) / 2n,
  };
}
