import type { UsageBucket, UsageRow } from '@tallygate/admin-api';
import { type Caveat, TOKEN_CLASSES } from '@tallygate/reconcile';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import type { CheckedRange } from './check-totals.ts';

/**
 * What was asked for a part of the usage is in all of it, group by group: else less than nothing would be left of a group.
 *
 * @param part null: there is no such report.
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for complete buckets whose part is no part.
 */
export function checkPart(
  report: string,
  part: readonly UsageBucket[] | null,
  whole: readonly UsageBucket[],
  { completeUntilMs }: CheckedRange,
): Caveat[] {
  return (part ?? []).flatMap((bucket, index): Caveat[] => {
    if (bucket.rows.length === 0) return [];
    const rows = new Map((whole[index]?.rows ?? []).map((row) => [JSON.stringify(row.group), row]));
    if (bucket.rows.every((row) => isWithin(row, rows.get(JSON.stringify(row.group))))) return [];
    const detail = `${report} of ${isoFromMs(bucket.startMs).slice(0, 10)}: its fast part is not in the whole.`;
    if (bucket.endMs <= completeUntilMs) {
      throw new TallygateError('TALLYGATE_REPORT_MALFORMED', { message: detail });
    }
    return [{ caveat: 'totals_moved', detail }];
  });
}

function isWithin({ usage }: UsageRow, whole: UsageRow | undefined): boolean {
  return TOKEN_CLASSES.every((tokenClass) => usage[tokenClass] <= (whole?.usage[tokenClass] ?? 0));
}
