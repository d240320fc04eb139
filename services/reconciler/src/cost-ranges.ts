import { periodAt } from '@tallygate/usage';
import type { Coverage } from './coverage.ts';

/** Days whose cost is to be reconciled, and since when they are due. */
export interface CostRange extends Coverage {
  /** A reconciliation at this instant or later is the one that is due. */
  sinceMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The provider refreshes what it states of cost every four hours; before that a day is not in it. */
const AFTER_MIDNIGHT_MS = 6 * HOUR_MS;
/** A month that is over is looked at again when its days are pulled again, and when they are final. */
const AGAIN_AFTER_DAYS = [31, 7, 3, 0];
/** What was missed for longer is no longer made up for by itself, as with pulls. */
const OLDEST_MS = 38 * DAY_MS;

/**
 * Once a day the month that is running, up to midnight; a month that is over whole, on its first day after and 3, 7 and 31 days after
 * its end, so that it can be allocated and closed by what the provider has said last.
 */
export function costRanges(nowMs: number): CostRange[] {
  const dayMs = Math.floor((nowMs - AFTER_MIDNIGHT_MS) / DAY_MS) * DAY_MS;
  const running = periodAt('month', 'UTC', dayMs);
  const ranges: CostRange[] = [];
  if (running.startMs < dayMs)
    ranges.push({ fromMs: running.startMs, toMs: dayMs, sinceMs: dayMs + AFTER_MIDNIGHT_MS });
  for (let toMs = running.startMs; nowMs - toMs <= OLDEST_MS; ) {
    const { startMs: fromMs } = periodAt('month', 'UTC', toMs - 1);
    const dueMs = AGAIN_AFTER_DAYS.map((days) => toMs + days * DAY_MS + AFTER_MIDNIGHT_MS);
    ranges.push({ fromMs, toMs, sinceMs: dueMs.find((atMs) => atMs <= nowMs) ?? Number.POSITIVE_INFINITY });
    toMs = fromMs;
  }
  return ranges.filter(({ sinceMs }) => sinceMs <= nowMs);
}
