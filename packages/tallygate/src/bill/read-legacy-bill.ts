import type { AdminApi, CostBucket, UsageFilters } from '@tallygate/admin-api';
import { TallygateError } from '@tallygate/usage';
import { checkTotals, costSum, tokenSum } from '../reconciliation/index.ts';
import { type BillQuestion, NO_FIGURES, type ReportedBill, type ReportedDimension } from './bill.ts';
import { joinLines, sumLines } from './join-lines.ts';
import { readJoint, requireWhole, USAGE_ROWS } from './read-joint.ts';
import { pendingRemarks, unknownCountRemarks } from './report-remarks.ts';

type LegacyReports = Pick<AdminApi, 'messagesUsage' | 'costs'>;

/** What a line of the cost report names; it knows days, and neither keys nor speed. */
const BILLED_BY: readonly ReportedDimension[] = [
  'model',
  'workspace_id',
  'service_tier',
  'context_window',
  'inference_geo',
];
const UNKNOWN = { usage: NO_FIGURES.usage, requests: null, costPicoUsd: null, listCostPicoUsd: null };
const NONE = { usage: NO_FIGURES.usage, requests: null, costPicoUsd: 0n, listCostPicoUsd: null };
/** How long usage may take to show. */
const REPORT_DELAY_MS = 3_600_000;
const NOT_BILLED_SO =
  'The reports that this key may read bill by day, workspace and model alone: lines have no cost.';

/** From the older pair of reports: amounts only where a line of a day's bill names all that was asked for. */
export async function readLegacyBill(
  adminApi: LegacyReports,
  question: BillQuestion,
  nowMs: number,
): Promise<ReportedBill> {
  const { bucketWidth, groupBy } = question;
  const isDaily = bucketWidth === '1d';
  const isBilledSo = isDaily && groupBy.every((dimension) => BILLED_BY.includes(dimension));
  const { buckets: usage, unlike } = await readUsage(adminApi, question, groupBy);
  const { buckets: usageTotals } =
    groupBy.length === 0 ? { buckets: usage } : await readUsage(adminApi, question, []);
  const costs = isDaily ? await readCosts(adminApi, question) : [];
  const costTotals = isDaily ? await readCostTotals(adminApi, question, costs) : [];
  const range = { completeUntilMs: nowMs - REPORT_DELAY_MS };
  const unequal = requireWhole('usage_report/messages', unlike, range.completeUntilMs);
  const moved = [
    ...checkTotals('usage_report/messages', usage, usageTotals, tokenSum, range),
    ...checkTotals('cost_report', costs, costTotals, costSum, range),
  ].map(({ detail }) => detail);
  const caveats = [...unequal, ...moved, ...pendingRemarks(usageTotals), ...unknownCountRemarks(usageTotals)];
  return {
    source: 'legacy',
    lines: joinLines({
      ...{ usage, groupBy },
      ...(isBilledSo ? { costs, without: NONE } : { costs: [], without: UNKNOWN }),
    }),
    total: sumLines(
      joinLines({
        ...{ usage: usageTotals, costs: costTotals, groupBy: [] },
        without: isDaily ? NONE : UNKNOWN,
      }),
    ),
    freshness: { readAtMs: nowMs, completeToMs: null },
    caveats: isBilledSo ? caveats : [...caveats, NOT_BILLED_SO],
  };
}

function readUsage(
  adminApi: LegacyReports,
  { fromMs, toMs, bucketWidth, models }: BillQuestion,
  groupBy: readonly ReportedDimension[],
) {
  const known = groupBy.filter((dimension) => dimension !== 'product');
  if (known.length < groupBy.length) {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: 'The reports that this key may read do not tell products apart.',
      cure: 'Leave product out, or use a key with the scope read:analytics.',
    });
  }
  const ask = (by: readonly ReportedDimension[], filters: UsageFilters) =>
    adminApi.messagesUsage({
      ...{ fromMs, toMs, bucketWidth, filters },
      groupBy: by.filter((dimension) => dimension !== 'product'),
    });
  return readJoint({ ask, ...USAGE_ROWS }, known, { models: [...models] });
}

/** A filter by model is ours here: the report has none. */
async function readCosts(
  adminApi: LegacyReports,
  { fromMs, toMs, models }: BillQuestion,
): Promise<CostBucket[]> {
  const buckets = await adminApi.costs({ fromMs, toMs, groupBy: ['workspace_id', 'description'] });
  if (models.length === 0) return buckets;
  return buckets.map((bucket) => ({
    ...bucket,
    rows: bucket.rows.filter(({ group }) => models.includes(group.model ?? '')),
  }));
}

/** Of some models there is no total to compare with. */
async function readCostTotals(
  adminApi: LegacyReports,
  { fromMs, toMs, models }: BillQuestion,
  costs: CostBucket[],
): Promise<CostBucket[]> {
  return models.length === 0 ? adminApi.costs({ fromMs, toMs, groupBy: [] }) : costs;
}
