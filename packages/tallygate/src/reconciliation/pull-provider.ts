import { type AdminApi, analyticsReachBackTo, type CostBucket, type UsageBucket } from '@tallygate/admin-api';
import { type Caveat, type ReportFreshness, USAGE_GROUPS, WORKSPACE_GROUPS } from '@tallygate/reconcile';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import { checkMargins } from './check-margins.ts';
import { checkPart } from './check-part.ts';
import { type CheckedRange, checkTotals, costSum, tokenSum } from './check-totals.ts';
import { type FastParts, ONLY_FAST, readFastParts } from './fast-parts.ts';
import { orNull } from './or-null.ts';

/** What a reconciliation asks of the provider. */
export type BillingReports = Pick<
  AdminApi,
  'messagesUsage' | 'costs' | 'analyticsUsage' | 'analyticsCost' | 'apiKeys'
>;

/**
 * The provider's daily reports, each read twice: grouped, and as a total. Groups that do not add up to the total are a report
 * that hides something (a cap, a group that is not sent), and hidden usage would read as an agreement.
 */
export interface ProviderDays extends FastParts {
  usage: UsageBucket[];
  /** The same by workspace, for five dimensions are all that one question may have. */
  usageByWorkspace: UsageBucket[];
  costs: CostBucket[];
  caveats: Caveat[];
  freshness: ReportFreshness[];
}

interface Range {
  /** UTC midnights. */
  fromMs: number;
  toMs: number;
  nowMs: number;
  /** There is data of days before these: that there is none of these is a caveat. */
  isContinued?: boolean;
}

const DAY_MS = 86_400_000;
const BY_WORKSPACE = 'usage by workspace';
const NOTHING: ProviderDays = {
  usage: [],
  fastUsage: [],
  usageByWorkspace: [],
  fastByWorkspace: [],
  costs: [],
  caveats: [],
  freshness: [],
};

/**
 * From the analytics reports as far as their data has come, which name net and list amounts and keys; the days after that, and
 * everything where they are not offered, from the older pair, which is fresher.
 *
 * @throws TallygateError `TALLYGATE_PROVIDER_UNAVAILABLE` where there is no data yet for any of the days, nor for days before them
 * (`isContinued`): that is no zero.
 */
export async function pullProviderDays(adminApi: BillingReports, range: Range): Promise<ProviderDays> {
  const isInReach = range.fromMs >= analyticsReachBackTo(range.nowMs);
  const analytics = isInReach ? await orNull(() => pullAnalytics(adminApi, range)) : null;
  if (analytics === null) return pullLegacy(adminApi, range);
  const { days, completeToMs } = analytics;
  if (completeToMs === range.toMs) return days;
  const newest = { ...range, fromMs: completeToMs };
  const legacy = await orNull(() => pullLegacy(adminApi, newest));
  if (legacy === null && completeToMs === range.fromMs && !range.isContinued) throw noDataYet(range);
  if (legacy === null) return { ...days, caveats: [...days.caveats, incomplete(completeToMs)] };
  const isComplete = ({ endMs }: { endMs: number }) => endMs <= completeToMs;
  return {
    usage: [...days.usage.filter(isComplete), ...legacy.usage],
    fastUsage: bothParts(days.fastUsage?.filter(isComplete), legacy.fastUsage),
    fastByWorkspace: bothParts(days.fastByWorkspace?.filter(isComplete), legacy.fastByWorkspace),
    usageByWorkspace: [...days.usageByWorkspace.filter(isComplete), ...legacy.usageByWorkspace],
    costs: [...days.costs.filter(isComplete), ...legacy.costs],
    caveats: [...days.caveats, ...legacy.caveats],
    freshness: [...days.freshness, ...legacy.freshness],
  };
}

/** Speeds are compared of all days or of none. */
function bothParts(older: UsageBucket[] | undefined, newer: UsageBucket[] | null): UsageBucket[] | null {
  return older === undefined || newer === null ? null : [...older, ...newer];
}

async function pullAnalytics(
  adminApi: BillingReports,
  { fromMs, toMs, nowMs }: Range,
): Promise<{ days: ProviderDays; completeToMs: number }> {
  const question = { fromMs, toMs, bucketWidth: '1d' as const };
  const usage = await adminApi.analyticsUsage({ ...question, groupBy: [...USAGE_GROUPS] });
  const fast = await readFastParts(
    async (groupBy) => (await adminApi.analyticsUsage({ ...question, groupBy, filters: ONLY_FAST })).buckets,
  );
  const byWorkspace = await adminApi.analyticsUsage({ ...question, groupBy: [...WORKSPACE_GROUPS] });
  const usageTotals = await adminApi.analyticsUsage({ ...question, groupBy: [] });
  const costs = await adminApi.analyticsCost({ ...question, groupBy: [...USAGE_GROUPS, 'cost_type'] });
  const costTotals = await adminApi.analyticsCost({ ...question, groupBy: [] });
  const reports = [usage, byWorkspace, usageTotals, costs, costTotals];
  const refreshedAtMs = Math.min(...reports.map((report) => report.refreshedAtMs ?? fromMs));
  const completeToMs = Math.max(fromMs, Math.min(toMs, Math.floor(refreshedAtMs / DAY_MS) * DAY_MS));
  const range: CheckedRange = { completeUntilMs: completeToMs };
  return {
    days: {
      usage: usage.buckets,
      usageByWorkspace: byWorkspace.buckets,
      ...fast,
      costs: costs.buckets,
      caveats: [
        ...checkPart('analytics/usage', fast.fastUsage, usage.buckets, range),
        ...checkPart(BY_WORKSPACE, fast.fastByWorkspace, byWorkspace.buckets, range),
        ...checkTotals('analytics/usage', usage.buckets, usageTotals.buckets, tokenSum, range),
        ...checkTotals(BY_WORKSPACE, byWorkspace.buckets, usageTotals.buckets, tokenSum, range),
        ...checkMargins(BY_WORKSPACE, byWorkspace.buckets, usage.buckets, range),
        ...checkTotals('analytics/cost', costs.buckets, costTotals.buckets, costSum, range),
      ],
      freshness: [{ report: 'analytics', readAtMs: nowMs, completeToMs: refreshedAtMs }],
    },
    completeToMs,
  };
}

/** While usage may still arrive, two reads one after the other see two states. */
const OPEN_FOR_MS = 3_600_000;

async function pullLegacy(adminApi: BillingReports, { fromMs, toMs, nowMs }: Range): Promise<ProviderDays> {
  if (fromMs === toMs) return NOTHING;
  const usageQuestion = { fromMs, toMs, bucketWidth: '1d' as const };
  const usage = await adminApi.messagesUsage({ ...usageQuestion, groupBy: [...USAGE_GROUPS] });
  const fast = await readFastParts((groupBy) =>
    adminApi.messagesUsage({ ...usageQuestion, groupBy, filters: ONLY_FAST }),
  );
  const usageByWorkspace = await adminApi.messagesUsage({ ...usageQuestion, groupBy: [...WORKSPACE_GROUPS] });
  const usageTotals = await adminApi.messagesUsage({ ...usageQuestion, groupBy: [] });
  const costs = await adminApi.costs({ fromMs, toMs, groupBy: ['description'] });
  const costTotals = await adminApi.costs({ fromMs, toMs, groupBy: [] });
  const range: CheckedRange = { completeUntilMs: nowMs - OPEN_FOR_MS };
  const caveats = [
    ...checkPart('usage_report/messages', fast.fastUsage, usage, range),
    ...checkPart(BY_WORKSPACE, fast.fastByWorkspace, usageByWorkspace, range),
    ...checkTotals('usage_report/messages', usage, usageTotals, tokenSum, range),
    ...checkTotals(BY_WORKSPACE, usageByWorkspace, usageTotals, tokenSum, range),
    ...checkMargins(BY_WORKSPACE, usageByWorkspace, usage, range),
    ...checkTotals('cost_report', costs, costTotals, costSum, range),
    ...[usageTotals, costTotals].flatMap(notSentYet).slice(0, 1),
  ];
  const freshness = [{ report: 'usage and cost reports', readAtMs: nowMs, completeToMs: null }];
  return { usage, usageByWorkspace, ...fast, costs, caveats, freshness };
}

function notSentYet(buckets: readonly (UsageBucket | CostBucket)[]): Caveat[] {
  const first = buckets.find(({ isPending }) => isPending === true);
  return first === undefined ? [] : [incomplete(first.startMs)];
}

const NO_DATA_YET = Symbol('no data yet');

/** True where the provider answers and has nothing to say of these days yet. */
export function isNoDataYet(error: unknown): boolean {
  return TallygateError.isInstance(error) && error.cause === NO_DATA_YET;
}

function noDataYet({ fromMs, toMs }: Range): TallygateError {
  return new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', {
    message: `The provider has no data yet for ${isoFromMs(fromMs)} to ${isoFromMs(toMs)}.`,
    cure: 'Ask again later, or for an earlier range: no data is not the same as no usage.',
    cause: NO_DATA_YET,
  });
}

function incomplete(completeToMs: number): Caveat {
  return {
    caveat: 'incomplete',
    detail: `The provider's data is complete to ${isoFromMs(completeToMs).slice(0, 10)} only; later days will grow.`,
  };
}
