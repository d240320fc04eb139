import { type AdminApi, BUCKET_WIDTH_MS } from '@tallygate/admin-api';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import type { BillQuestion, ReportedBill, ReportedDimension, ReportedLine } from './bill.ts';
import { checkSums } from './check-sums.ts';
import { joinLines, sumLines } from './join-lines.ts';

type AnalyticsReports = Pick<AdminApi, 'analyticsUsage' | 'analyticsCost'>;

/** From the reports that know keys, requests and list amounts; rejects where the provider does not offer them to this key. */
export async function readAnalyticsBill(
  adminApi: AnalyticsReports,
  question: BillQuestion,
): Promise<ReportedBill> {
  const grouped = await readLines(adminApi, question, question.groupBy);
  const total = question.groupBy.length === 0 ? grouped : await readLines(adminApi, question, []);
  const refreshedAtMs = Math.min(grouped.refreshedAtMs, total.refreshedAtMs);
  const widthMs = BUCKET_WIDTH_MS[question.bucketWidth];
  return {
    source: 'analytics',
    lines: grouped.lines,
    total: sumLines(total.lines),
    refreshedAtMs,
    caveats: checkSums(grouped.lines, total.lines, widthMs, refreshedAtMs),
  };
}

async function readLines(
  adminApi: AnalyticsReports,
  { fromMs, toMs, bucketWidth, models }: BillQuestion,
  groupBy: readonly ReportedDimension[],
): Promise<{ lines: ReportedLine[]; refreshedAtMs: number }> {
  const asked = { fromMs, toMs, bucketWidth, groupBy: [...groupBy], filters: { models: [...models] } };
  const usage = await adminApi.analyticsUsage(asked);
  const costs = await adminApi.analyticsCost(asked);
  if (usage.refreshedAtMs === null || costs.refreshedAtMs === null) {
    throw new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', {
      message: `The provider has no data yet for ${isoFromMs(fromMs)} to ${isoFromMs(toMs)}.`,
      cure: 'Ask again later, or for an earlier range: no data is not the same as no usage.',
    });
  }
  return {
    lines: joinLines({
      usage: usage.buckets,
      costs: costs.buckets,
      groupBy,
      without: { requests: 0, costPicoUsd: 0n, listCostPicoUsd: 0n },
    }),
    refreshedAtMs: Math.min(usage.refreshedAtMs, costs.refreshedAtMs),
  };
}
