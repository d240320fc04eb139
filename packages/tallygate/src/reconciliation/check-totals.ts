import type { CostBucket, UsageBucket } from '@tallygate/admin-api';
import { type Caveat, TOKEN_CLASSES } from '@tallygate/reconcile';
import { isoFromMs, TallygateError } from '@tallygate/usage';

export interface CheckedRange {
  /** A bucket that ends later may have grown between two reads: that is said, not refused. */
  completeUntilMs: number;
}

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for groups of a complete bucket that do not add up to its total. */
export function checkTotals<Bucket extends { startMs: number; endMs: number }>(
  report: string,
  grouped: readonly Bucket[],
  totals: readonly Bucket[],
  sumOf: (bucket: Bucket) => string,
  { completeUntilMs }: CheckedRange,
): Caveat[] {
  return grouped.flatMap((bucket, index): Caveat[] => {
    const total = totals[index];
    const [sum, whole] = [sumOf(bucket), total === undefined ? 'nothing' : sumOf(total)];
    if (sum === whole) return [];
    const detail = `${report} of ${isoFromMs(bucket.startMs).slice(0, 10)}: its groups add up to ${sum}, its total is ${whole}.`;
    if (bucket.endMs <= completeUntilMs) {
      throw new TallygateError('TALLYGATE_REPORT_MALFORMED', { message: detail });
    }
    return [{ caveat: 'totals_moved', detail }];
  });
}

export function tokenSum({ rows }: UsageBucket): string {
  const sums = TOKEN_CLASSES.map((tokenClass) => rows.reduce((sum, row) => sum + row.usage[tokenClass], 0));
  return sums.join('/');
}

export function costSum({ rows }: CostBucket): string {
  return `${rows.reduce((sum, row) => sum + row.amountPicoUsd, 0n)} pico-USD`;
}
