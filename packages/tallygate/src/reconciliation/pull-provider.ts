import type { AdminApi, CostBucket, UsageBucket } from '@tallygate/admin-api';
import { type Caveat, TOKEN_CLASSES, USAGE_GROUPS } from '@tallygate/reconcile';
import { isoFromMs, TallygateError } from '@tallygate/usage';

/**
 * The provider's daily reports, each read twice: grouped, and as a total. Groups that do not add up to the total are a report
 * that hides something (a cap, a group that is not sent), and hidden usage would read as an agreement.
 */
export interface ProviderDays {
  usage: UsageBucket[];
  costs: CostBucket[];
  caveats: Caveat[];
}

/** What a reconciliation asks of the provider. */
export type BillingReports = Pick<AdminApi, 'messagesUsage' | 'costs' | 'apiKeys'>;

interface Range {
  fromMs: number;
  toMs: number;
  nowMs: number;
}

/** While usage may still arrive, two reads one after the other see two states. */
const OPEN_FOR_MS = 3_600_000;

export async function pullProviderDays(adminApi: BillingReports, range: Range): Promise<ProviderDays> {
  const { fromMs, toMs } = range;
  const usageQuestion = { fromMs, toMs, bucketWidth: '1d' as const };
  const usage = await adminApi.messagesUsage({ ...usageQuestion, groupBy: [...USAGE_GROUPS] });
  const usageTotals = await adminApi.messagesUsage({ ...usageQuestion, groupBy: [] });
  const costs = await adminApi.costs({ fromMs, toMs, groupBy: ['description'] });
  const costTotals = await adminApi.costs({ fromMs, toMs, groupBy: [] });
  const caveats = [
    ...checkTotals('usage_report/messages', usage, usageTotals, tokensOf, range),
    ...checkTotals('cost_report', costs, costTotals, amountOf, range),
  ];
  return { usage, costs, caveats };
}

function checkTotals<Bucket extends { startMs: number; endMs: number }>(
  report: string,
  grouped: readonly Bucket[],
  totals: readonly Bucket[],
  sumOf: (bucket: Bucket) => string,
  { nowMs }: Range,
): Caveat[] {
  return grouped.flatMap((bucket, index): Caveat[] => {
    const total = totals[index];
    const [sum, whole] = [sumOf(bucket), total === undefined ? 'nothing' : sumOf(total)];
    if (sum === whole) return [];
    const detail = `${report} of ${isoFromMs(bucket.startMs).slice(0, 10)}: its groups add up to ${sum}, its total is ${whole}.`;
    if (bucket.endMs + OPEN_FOR_MS <= nowMs) {
      throw new TallygateError('TALLYGATE_REPORT_MALFORMED', { message: detail });
    }
    return [{ caveat: 'totals_moved', detail }];
  });
}

function tokensOf({ rows }: UsageBucket): string {
  const sums = TOKEN_CLASSES.map((tokenClass) => rows.reduce((sum, row) => sum + row.usage[tokenClass], 0));
  return sums.join('/');
}

function amountOf({ rows }: CostBucket): string {
  return `${rows.reduce((sum, row) => sum + row.amountPicoUsd, 0n)} pico-USD`;
}
