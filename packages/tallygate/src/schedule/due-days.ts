import type { ReportVersion } from '@tallygate/usage';

/** A day that is to be pulled once more, and since when it is. */
export interface DueDay {
  dayMs: number;
  /** A pull at this instant or later is the one that is due. */
  sinceMs: number;
}

/** What says in the ledger that a day was pulled whole: it names the versions of which that pull is made. */
export const PULLED_DAY = 'pulled_day';

const DAY_MS = 86_400_000;
/** How many days after its end a day is pulled again: late events, adjustments, and the provider's last word after 30 days. */
const AGAIN_AFTER_DAYS = [31, 7, 3, 1];
/** What was missed for longer is no longer made up for by itself. */
const OLDEST_DAYS = 38;

/**
 * The days of one organization of the provider that are due, the youngest first: people look at those. A pull that was missed, because
 * nothing ran, is due until a later one is.
 */
export function dueDays(versions: readonly ReportVersion[], nowMs: number): DueDay[] {
  const pulledAtMs = new Map<number, number>();
  for (const { report, fromMs, pulledAtMs: atMs } of versions)
    if (report === PULLED_DAY) pulledAtMs.set(fromMs, Math.max(atMs, pulledAtMs.get(fromMs) ?? atMs));
  const { fromMs, toMs } = duePeriod(nowMs);
  const due: DueDay[] = [];
  for (let dayMs = toMs - DAY_MS; dayMs >= fromMs; dayMs -= DAY_MS) {
    const afterDays = AGAIN_AFTER_DAYS.find((days) => dayMs + (1 + days) * DAY_MS <= nowMs);
    if (afterDays === undefined) continue;
    const sinceMs = dayMs + (1 + afterDays) * DAY_MS;
    if ((pulledAtMs.get(dayMs) ?? Number.NEGATIVE_INFINITY) < sinceMs) due.push({ dayMs, sinceMs });
  }
  return due;
}

/** The days that can be due. */
export function duePeriod(nowMs: number): { fromMs: number; toMs: number } {
  const todayMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  return { fromMs: todayMs - OLDEST_DAYS * DAY_MS, toMs: todayMs };
}
