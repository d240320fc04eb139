/** Stretches of time that findings name. */
export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;

/** The provider calls no figure final; where it speaks of adjustments at all it names thirty days. */
export const FINAL_AFTER_MS = 30 * DAY_MS;

export function wholeDay(dayMs: number): { dayMs: number; fromMs: number; toMs: number } {
  return { dayMs, fromMs: dayMs, toMs: dayMs + DAY_MS };
}

export function dayOf(instantMs: number): number {
  return Math.floor(instantMs / DAY_MS) * DAY_MS;
}

export function hourOf(instantMs: number): number {
  return Math.floor(instantMs / HOUR_MS) * HOUR_MS;
}
