import { isoFromMs, TallygateError } from '@tallygate/usage';
import type { BucketWidth } from './bucket-width.ts';
import { requireDimensions, requireWholeBuckets } from './check-question.ts';
import type { CostDimension, UsageDimension } from './reported.ts';
import { filterQuery } from './usage-filters.ts';

/** By what family D breaks usage down; cost knows two more, which do not count towards the five. */
export type AnalyticsDimension = Exclude<UsageDimension, 'account_id' | 'service_account_id'>;
export type AnalyticsCostDimension = AnalyticsDimension | Extract<CostDimension, 'cost_type' | 'token_type'>;

/** Which usage or cost a report is narrowed to. An absent or empty list does not filter. */
export interface AnalyticsFilters {
  apiKeyIds?: string[];
  inferenceGeos?: string[];
  models?: string[];
  products?: string[];
  serviceTiers?: string[];
  speeds?: string[];
  workspaceIds?: string[];
}

/** [fromMs, toMs) on bucket boundaries in UTC; of any length: it is asked in stretches that the provider answers. */
export interface AnalyticsQuestion<Dimension extends string> {
  fromMs: number;
  toMs: number;
  bucketWidth: BucketWidth;
  /** At most five, each once; `cost_type` and `token_type` beside them. */
  groupBy: Dimension[];
  filters?: AnalyticsFilters;
}

const DAY_MS = 86_400_000;
/** Longer ranges are answered with 400. */
const LONGEST_MS: Record<BucketWidth, number> = { '1m': DAY_MS, '1h': 31 * DAY_MS, '1d': 31 * DAY_MS };

/** The longest ranges that the provider takes at once, in order and without gaps. */
export function stretchesOf(question: {
  fromMs: number;
  toMs: number;
  bucketWidth: BucketWidth;
}): { fromMs: number; toMs: number }[] {
  const { fromMs, toMs, bucketWidth } = question;
  const stretches: { fromMs: number; toMs: number }[] = [];
  for (let startMs = fromMs; startMs < toMs; startMs += LONGEST_MS[bucketWidth]) {
    stretches.push({ fromMs: startMs, toMs: Math.min(startMs + LONGEST_MS[bucketWidth], toMs) });
  }
  return stretches;
}

const FILTER_NAMES = {
  apiKeyIds: 'api_key_ids',
  inferenceGeos: 'inference_geos',
  models: 'models',
  products: 'products',
  serviceTiers: 'service_tiers',
  speeds: 'speeds',
  workspaceIds: 'workspace_ids',
} as const satisfies Record<keyof AnalyticsFilters, string>;

const MAX_ROWS_PER_PAGE = 1000;

/** One stretch as the SDK's serialiser wants it. Oldest first: left out, the provider begins with what is largest. */
export function analyticsQuery(
  question: AnalyticsQuestion<string>,
  stretch: { fromMs: number; toMs: number },
): Record<string, unknown> {
  return {
    starting_at: isoFromMs(stretch.fromMs),
    ending_at: isoFromMs(stretch.toMs),
    time_bucket_width: question.bucketWidth,
    group_by: question.groupBy,
    order_by: 'time',
    order: 'asc',
    limit: MAX_ROWS_PER_PAGE,
    ...filterQuery(question.filters ?? {}, FILTER_NAMES),
  };
}

const BEGINNING_MS = Date.UTC(2026, 0, 1);
const REACH_MS = 365 * DAY_MS;

/** The first UTC midnight that family D answers for; earlier questions are answered with 400, and by the older reports. */
export function analyticsReachBackTo(nowMs: number): number {
  return Math.max(BEGINNING_MS, Math.ceil((nowMs - REACH_MS) / DAY_MS) * DAY_MS);
}

const NOT_COUNTED: readonly string[] = ['cost_type', 'token_type'];
const MAX_DIMENSIONS = 5;

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for a range off its boundaries, six dimensions, or one twice. */
export function requireAnalyticsQuestion(question: AnalyticsQuestion<string>): void {
  const { groupBy, bucketWidth } = question;
  requireDimensions(groupBy, MAX_DIMENSIONS, NOT_COUNTED);
  if (groupBy.includes('token_type') && !groupBy.includes('cost_type')) {
    // Alone it leaves out what is not tokens: the rows would add up to less than the bill.
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: 'Grouping by token_type hides other costs: group by cost_type, too.',
    });
  }
  requireWholeBuckets(question, bucketWidth);
}
