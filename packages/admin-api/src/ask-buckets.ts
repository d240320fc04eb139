import { isoFromMs, TallygateError } from '@tallygate/usage';
import { type BucketRange, type RawBucket, readBucketPages } from './bucket-pages.ts';
import { BUCKETS, type BucketWidth, requireWholeBuckets } from './bucket-width.ts';
import { COST_REPORT, type CostReportDimension, costBucketFrom } from './cost-report.ts';
import type { ProviderClient } from './provider-client.ts';
import { readReport } from './read-report.ts';
import type { CostBucket, UsageBucket } from './reported.ts';
import { type UsageFilters, usageFilterQuery } from './usage-filters.ts';
import {
  MESSAGES_USAGE_REPORT,
  type MessagesUsageDimension,
  usageBucketFrom,
} from './usage-report-messages.ts';

/** Families A and B: buckets without a gap, any range. */
export interface UsageQuestion {
  fromMs: number;
  toMs: number;
  bucketWidth: BucketWidth;
  groupBy: MessagesUsageDimension[];
  filters?: UsageFilters;
}

export interface CostQuestion {
  fromMs: number;
  toMs: number;
  groupBy: CostReportDimension[];
}

/** Undocumented, and answered with 400 beyond. */
const MAX_USAGE_DIMENSIONS = 5;
/** Without it the provider does not know the word "speed". */
const FAST_MODE_BETA = 'fast-mode-2026-02-01';

export async function readMessagesUsage(
  client: ProviderClient,
  question: UsageQuestion,
): Promise<UsageBucket[]> {
  requireGroups(question.groupBy, MAX_USAGE_DIMENSIONS);
  const filters = question.filters ?? {};
  const usesSpeed = question.groupBy.includes('speed') || filters.speeds !== undefined;
  const query = { group_by: question.groupBy, ...usageFilterQuery(filters) };
  const range = rangeOf(MESSAGES_USAGE_REPORT, question, question.bucketWidth);
  const raw = await readRange(client, range, question.bucketWidth, query, usesSpeed ? [FAST_MODE_BETA] : []);
  return raw.map((bucket) => usageBucketFrom(bucket, question.groupBy));
}

export async function readCosts(client: ProviderClient, question: CostQuestion): Promise<CostBucket[]> {
  requireGroups(question.groupBy, 2);
  const range = rangeOf(COST_REPORT, question, '1d');
  const raw = await readRange(client, range, '1d', { group_by: question.groupBy }, []);
  return raw.map((bucket) => costBucketFrom(bucket, question.groupBy));
}

function readRange(
  client: ProviderClient,
  range: BucketRange,
  bucketWidth: BucketWidth,
  query: Record<string, unknown>,
  betas: readonly string[],
): Promise<RawBucket[]> {
  const asked = {
    starting_at: isoFromMs(range.fromMs),
    ending_at: isoFromMs(range.toMs),
    bucket_width: bucketWidth,
    limit: Math.min(BUCKETS[bucketWidth].maxPerPage, (range.toMs - range.fromMs) / range.widthMs),
    ...query,
  };
  return readReport(client, { ...range, query: asked, contract: { betas } }, (fetchPage) =>
    readBucketPages(range, fetchPage),
  );
}

function rangeOf(report: string, asked: { fromMs: number; toMs: number }, width: BucketWidth): BucketRange {
  requireWholeBuckets(asked, width);
  return { report, fromMs: asked.fromMs, toMs: asked.toMs, widthMs: BUCKETS[width].widthMs };
}

function requireGroups(groupBy: readonly string[], most: number): void {
  if (groupBy.length <= most && new Set(groupBy).size === groupBy.length) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `Grouping by ${groupBy.join(', ')} is refused: at most ${most} dimensions, each once.`,
  });
}
