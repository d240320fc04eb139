import type { ReportFreshness } from '@tallygate/reconcile';
import { isoFromMs, minuteFromMs } from '@tallygate/usage';

/** How far the provider's figures reach, and when they were asked for. */
export type Freshness = Omit<ReportFreshness, 'report'>;

/** "Complete to 2026-11-21 11:05 UTC, 55 min old." @param nowMs when it is said; a stored figure was no older when it was read. */
export function describeFreshness({ readAtMs, completeToMs }: Freshness, nowMs: number): string {
  if (completeToMs === null)
    return `Read at ${minuteFromMs(readAtMs)} UTC; the provider shows usage about five minutes after it, seldom later.`;
  return `Complete to ${minuteFromMs(completeToMs)} UTC, ${minutesSince(completeToMs, nowMs)} min old.`;
}

/** As documents state it. */
export function freshnessDocument({ readAtMs, completeToMs }: Freshness) {
  return {
    readAt: isoFromMs(readAtMs),
    completeTo: completeToMs === null ? null : isoFromMs(completeToMs),
    ageMinutes: completeToMs === null ? null : minutesSince(completeToMs, readAtMs),
  };
}

function minutesSince(instantMs: number, nowMs: number): number {
  return Math.max(0, Math.round((nowMs - instantMs) / 60_000));
}
