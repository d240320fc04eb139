import type {
  AdminApi,
  AnalyticsDimension,
  AnalyticsFilters,
  AnalyticsQuestion,
  CostBucket,
  DatedReport,
  UsageBucket,
} from '@tallygate/admin-api';
import { checkTotals, costSum, tokenSum } from '../reconciliation/index.ts';
import { type BillQuestion, NO_FIGURES, type ReportedBill, type ReportedDimension } from './bill.ts';
import { joinLines, sumLines } from './join-lines.ts';
import { COST_ROWS, readJoint, requireWhole, type UnlikeBucket, USAGE_ROWS } from './read-joint.ts';
import { unknownCountRemarks } from './report-remarks.ts';

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
  const unlike = requireWhole('analytics', grouped.unlike, refreshedAtMs);
  const range = { completeUntilMs: refreshedAtMs };
  const moved = [
    ...checkTotals('analytics/usage', grouped.usage, total.usage, tokenSum, range),
    ...checkTotals('analytics/cost', grouped.costs, total.costs, costSum, range),
  ];
  return {
    source: 'analytics',
    lines: linesOf(grouped, groupBy),
    total: sumLines(linesOf(total, [])),
    freshness: { readAtMs: nowMs, completeToMs: refreshedAtMs },
    caveats: [...unlike, ...moved.map(({ detail }) => detail), ...unknownCountRemarks(total.usage)],
  };
}

interface Reports {
  usage: UsageBucket[];
  costs: CostBucket[];
  refreshedAtMs: number;
  unlike: UnlikeBucket[];
}

async function readReports(
  adminApi: AnalyticsReports,
  { fromMs, toMs, bucketWidth, models }: BillQuestion,
  groupBy: readonly ReportedDimension[],
): Promise<Reports | null> {
  const refreshed: number[] = [];
  const askBy =
    <Row>(ask: (question: AnalyticsQuestion<AnalyticsDimension>) => Promise<DatedReport<Row>>) =>
    async (by: readonly ReportedDimension[], filters: AnalyticsFilters) => {
      const { buckets, refreshedAtMs } = await ask({ fromMs, toMs, bucketWidth, groupBy: [...by], filters });
      refreshed.push(refreshedAtMs ?? fromMs);
      return buckets;
    };
  const filters = { models: [...models] };
  const usage = await readJoint({ ask: askBy(adminApi.analyticsUsage), ...USAGE_ROWS }, groupBy, filters);
  const costs = await readJoint({ ask: askBy(adminApi.analyticsCost), ...COST_ROWS }, groupBy, filters);
  const refreshedAtMs = Math.min(...refreshed);
  if (refreshedAtMs <= fromMs) return null;
  const unlike = [...usage.unlike, ...costs.unlike];
  return { usage: usage.buckets, costs: costs.buckets, refreshedAtMs, unlike };
}

function linesOf({ usage, costs }: Reports, groupBy: readonly ReportedDimension[]) {
  return joinLines({ usage, costs, groupBy, without: NO_FIGURES });
}
