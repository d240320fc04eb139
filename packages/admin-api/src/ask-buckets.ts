import { isoFromMs } from '@tallygate/usage';
import { type BucketRange, type RawBucket, readBucketPages } from './bucket-pages.ts';
import { BUCKET_WIDTH_MS, type BucketWidth } from './bucket-width.ts';
import { requireDimensions, requireWholeBuckets } from './check-question.ts';
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
const MAX_PER_PAGE: Record<BucketWidth, number> = { '1m': 1440, '1h': 168, '1d': 31 };
/** Without it the provider does not know the word "speed". */
const FAST_MODE_BETA = 'fast-mode-2026-02-01';

export async function readMessagesUsage(
  client: ProviderClient,
  question: UsageQuestion,
): Promise<UsageBucket[]> {
  requireDimensions(question.groupBy, MAX_USAGE_DIMENSIONS);
  const filters = question.filters ?? {};
  const usesSpeed = question.groupBy.includes('speed') || filters.speeds !== undefined;
  const query = { group_by: question.groupBy, ...usageFilterQuery(filters) };
  const range = rangeOf(client, MESSAGES_USAGE_REPORT, question, question.bucketWidth);
  const raw = await readRange(client, range, question.bucketWidth, query, usesSpeed ? [FAST_MODE_BETA] : []);
  return raw.map((bucket) => usageBucketFrom(bucket, question.groupBy));
}

export async function readCosts(client: ProviderClient, question: CostQuestion): Promise<CostBucket[]> {
  requireDimensions(question.groupBy, 2);
  const range = rangeOf(client, COST_REPORT, question, '1d');
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
    limit: Math.min(MAX_PER_PAGE[bucketWidth], (range.toMs - range.fromMs) / range.widthMs),
    ...query,
  };
  return readReport(client, { ...range, query: asked, contract: { betas } }, (fetchPage) =>
    readBucketPages(range, fetchPage),
  );
}

/** By how much the provider's clock may be behind ours: to it, a bucket that has just ended is not over. */
const CLOCK_SKEW_MS = 60_000;

function rangeOf(
  client: ProviderClient,
  report: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  width: BucketWidth,
): BucketRange {
  requireWholeBuckets({ fromMs, toMs }, width);
  const overUntilMs = client.nowMs() - CLOCK_SKEW_MS;
  return { report, fromMs, toMs, widthMs: BUCKET_WIDTH_MS[width], overUntilMs };
}
