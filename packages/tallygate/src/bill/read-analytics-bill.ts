import type { AdminApi, CostRow, DatedReport, UsageRow } from '@tallygate/admin-api';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import { checkTotals, costSum, tokenSum } from '../reconciliation/index.ts';
import type { BillQuestion, ReportedBill, ReportedDimension } from './bill.ts';
import { joinLines, sumLines } from './join-lines.ts';

type AnalyticsReports = Pick<AdminApi, 'analyticsUsage' | 'analyticsCost'>;

/** From the reports that know keys, requests and list amounts; rejects where the provider does not offer them to this key. */
export async function readAnalyticsBill(
  adminApi: AnalyticsReports,
  question: BillQuestion,
): Promise<ReportedBill> {
  const { groupBy } = question;
  const grouped = await readReports(adminApi, question, groupBy);
  const total = groupBy.length === 0 ? grouped : await readReports(adminApi, question, []);
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
    refreshedAtMs,
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
): Promise<Reports> {
  const asked = { fromMs, toMs, bucketWidth, groupBy: [...groupBy], filters: { models: [...models] } };
  const usage = await adminApi.analyticsUsage(asked);
  const costs = await adminApi.analyticsCost(asked);
  if (usage.refreshedAtMs === null || costs.refreshedAtMs === null) {
    throw new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', {
      message: `The provider has no data yet for ${isoFromMs(fromMs)} to ${isoFromMs(toMs)}.`,
      cure: 'Ask again later, or for an earlier range: no data is not the same as no usage.',
    });
  }
  return { usage, costs, refreshedAtMs: Math.min(usage.refreshedAtMs, costs.refreshedAtMs) };
}

function linesOf({ usage, costs }: Reports, groupBy: readonly ReportedDimension[]) {
  const without = { requests: 0, costPicoUsd: 0n, listCostPicoUsd: 0n };
  return joinLines({ usage: usage.buckets, costs: costs.buckets, groupBy, without });
}
