/** How many calls ask for money of one pool, counted in windows as long as a lease. */
export interface Demand {
  note(monotonicMs: number): void;
  /** Calls of this window and of the one before. */
  recentCalls(monotonicMs: number): number;
  /** For how many calls the next lease should do, with so many waiting for it. */
  wishedCalls(monotonicMs: number, waiting: number): number;
}

const FEWEST_WISHED = 16;
const MOST_WISHED = 250_000;

export function createDemand(windowMs: number): Demand {
  let startsMs = 0;
  let calls = 0;
  let callsBefore = 0;

  function pass(monotonicMs: number): void {
    const passedMs = monotonicMs - startsMs;
    if (passedMs < windowMs) return;
    callsBefore = passedMs < 2 * windowMs ? calls : 0;
    calls = 0;
    startsMs = monotonicMs;
  }

  function recentCalls(monotonicMs: number): number {
    pass(monotonicMs);
    return calls + callsBefore;
  }

  return {
    note(monotonicMs) {
      pass(monotonicMs);
      calls += 1;
    },
    recentCalls,
    wishedCalls(monotonicMs, waiting) {
      const wished = Math.max(Math.ceil(recentCalls(monotonicMs) / 2), 2 * waiting, FEWEST_WISHED);
      return Math.min(wished, MOST_WISHED);
    },
  };
}
