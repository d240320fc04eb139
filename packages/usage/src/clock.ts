/** Time, injected. Wall time names instants; monotonic time measures durations, so that no clock step can stretch them. */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** ISO 8601 with milliseconds and Z: the form of every instant on a wire. */
export function isoFromMs(instantMs: number): string {
  return new Date(instantMs).toISOString();
}

/** "2026-11-21 11:05", for people; that it is UTC stands beside it. */
export function minuteFromMs(instantMs: number): string {
  return isoFromMs(instantMs).slice(0, 16).replace('T', ' ');
}
