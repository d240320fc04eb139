/** Which days a run looks at. */
export interface Coverage {
  /** UTC midnights, [fromMs, toMs). */
  fromMs: number;
  toMs: number;
}

const DAY_MS = 86_400_000;
/** One page of the provider's daily reports. An older hole is closed by hand, with `tallygate reconcile --from`. */
const MOST_DAYS = 31;

/**
 * Yesterday and today; after a pause also every day since the last report was made. That day itself was not over then, and
 * the one before it may still have been short of late rows, so both are looked at again.
 */
export function coverageAt(nowMs: number, lastReportMs: number | null): Coverage {
  const todayMs = dayOf(nowMs);
  const yesterdayMs = todayMs - DAY_MS;
  const sinceLastMs = lastReportMs === null ? yesterdayMs : dayOf(lastReportMs) - DAY_MS;
  const fromMs = Math.max(Math.min(yesterdayMs, sinceLastMs), todayMs - (MOST_DAYS - 1) * DAY_MS);
  return { fromMs, toMs: todayMs + DAY_MS };
}

function dayOf(instantMs: number): number {
  return Math.floor(instantMs / DAY_MS) * DAY_MS;
}
