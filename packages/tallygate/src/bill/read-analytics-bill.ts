import type { AdminApi, CostRow, DatedReport, UsageRow } from '@tallygate/admin-api';
import { checkTotals, costSum, tokenSum } from '../reconciliation/index.ts';
import type { BillQuestion, ReportedBill, ReportedDimension } from './bill.ts';
import { joinLines, sumLines } from './join-lines.ts';

type AnalyticsReports = Pick<AdminApi, 'analyticsUsage' | 'analyticsCost'>;

/**
 * From the reports that know keys, requests and list amounts; rejects where the provider does not offer them to this key.
 * @returns null where there is no data yet for the range, or for none of its buckets: that is no zero.
 */
export async function readAnalyticsBill(
  adminApi: AnalyticsReports,
  question: BillQuestion,
  nowMs: number,
): Promise<ReportedBill | null> {
  const { groupBy } = question;
  const grouped = await readReports(adminApi, question, groupBy);
  const total = groupBy.length === 0 ? grouped : await readReports(adminApi, question, []);
  if (grouped === null || total === null) return null;
  const refreshedAtMs = Math.min(grouped.refreshedAtMs, total.refreshedAtMs);
  const range = { completeUntilMs: refreshedAtMs };
  const moved = [
    ...checkTotals('analytics/usage', grouped.usage.buckets, total.usage.buckets, tokenSum, range),
    ...checkTotals('analytics/cost', grouped.costs.buckets, total.costs.buckets, costSum, range),
  ];
  return {
    source: 'analytics',
    lines: linesOf(grouped, groupBy),
    total: sumLines(linesOf(total, [])),
    freshness: { readAtMs: nowMs, completeToMs: refreshedAtMs },
    caveats: moved.map(({ detail }) => detail),
  };
}

interface Reports {
  usage: DatedReport<UsageRow>;
  costs: DatedReport<CostRow>;
  refreshedAtMs: number;
}

async function readReports(
  adminApi: AnalyticsReports,
  { fromMs, toMs, bucketWidth, models }: BillQuestion,
  groupBy: readonly ReportedDimension[],
): Promise<Reports | null> {
  const asked = { fromMs, toMs, bucketWidth, groupBy: [...groupBy], filters: { models: [...models] } };
  const usage = await adminApi.analyticsUsage(asked);
  const costs = await adminApi.analyticsCost(asked);
  const refreshedAtMs = Math.min(usage.refreshedAtMs ?? fromMs, costs.refreshedAtMs ?? fromMs);
  return refreshedAtMs <= fromMs ? null : { usage, costs, refreshedAtMs };
}

function linesOf({ usage, costs }: Reports, groupBy: readonly ReportedDimension[]) {
  const without = { requests: 0, costPicoUsd: 0n, listCostPicoUsd: 0n };
  return joinLines({ usage: usage.buckets, costs: costs.buckets, groupBy, without });
}
