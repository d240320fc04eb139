import { isoFromMs, type Logger, silentLogger, TallygateError } from '@tallygate/usage';
import { type BucketRange, type RawBucket, readBucketPages } from './bucket-pages.ts';
import { COST_REPORT, type CostBucket, type CostDimension, costBucketFrom } from './cost-report.ts';
import { type OrganizationApiKey, readApiKeys } from './organization-api-keys.ts';
import { createProviderClient, type ProviderClient, providerStatus } from './provider-client.ts';
import { type UsageFilters, usageFilterQuery } from './usage-filters.ts';
import {
  MESSAGES_USAGE_REPORT,
  type UsageBucket,
  type UsageDimension,
  usageBucketFrom,
} from './usage-report-messages.ts';

/**
 * The provider's own account of an organization: what it counted (family A) and what it billed (family B).
 *
 * Promise: a resolved report is complete and exact over the asked range, or the call rejects:
 * `TALLYGATE_KEY_REJECTED` (401, 403), `TALLYGATE_PROVIDER_UNAVAILABLE` (network, limits, outage),
 * `TALLYGATE_REPORT_MALFORMED` (not what is documented), `TALLYGATE_REQUEST_INVALID` (the question itself is wrong).
 */
export interface AdminApi {
  /** Tokens of [fromMs, toMs) per bucket and group. Both ends must lie on bucket boundaries; at most five dimensions. */
  messagesUsage(question: UsageQuestion): Promise<UsageBucket[]>;
  /** Billed amounts of [fromMs, toMs) per UTC day and group. Both ends must be UTC midnights. */
  costs(question: CostQuestion): Promise<CostBucket[]>;
  /** Ids and hints of the organization's keys; null when the provider does not offer the list to it. */
  apiKeys(): Promise<OrganizationApiKey[] | null>;
}

const BUCKETS = {
  '1m': { widthMs: 60_000, maxPerPage: 1440 },
  '1h': { widthMs: 3_600_000, maxPerPage: 168 },
  '1d': { widthMs: 86_400_000, maxPerPage: 31 },
} as const;
export type BucketWidth = keyof typeof BUCKETS;

export interface UsageQuestion {
  fromMs: number;
  toMs: number;
  bucketWidth: BucketWidth;
  groupBy: UsageDimension[];
  filters?: UsageFilters;
}

export interface CostQuestion {
  fromMs: number;
  toMs: number;
  groupBy: CostDimension[];
}

export interface AdminApiOptions {
  /** An admin key (`sk-ant-admin01-…`); keys of a workspace are refused by the provider. */
  apiKey: string;
  baseUrl?: string;
  logger?: Logger;
  fetch?: typeof globalThis.fetch;
}

/** Undocumented, and answered with 400 beyond. */
const MAX_USAGE_DIMENSIONS = 5;
/** Without it the provider does not know the word "speed". */
const FAST_MODE_BETA = 'fast-mode-2026-02-01';
const MAX_RESTARTS = 3;

export function createAdminApi(options: AdminApiOptions): AdminApi {
  const client = createProviderClient({
    apiKey: options.apiKey,
    // Named even when it is the default: left out, the SDK would read it from the environment.
    baseUrl: options.baseUrl ?? 'https://api.anthropic.com',
    logger: options.logger ?? silentLogger,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  return {
    messagesUsage: (question) => readMessagesUsage(client, question),
    costs: (question) => readCosts(client, question),
    apiKeys: () => readApiKeys(client),
  };
}

async function readMessagesUsage(client: ProviderClient, question: UsageQuestion): Promise<UsageBucket[]> {
  requireGroups(question.groupBy, MAX_USAGE_DIMENSIONS);
  const filters = question.filters ?? {};
  const usesSpeed = question.groupBy.includes('speed') || filters.speeds !== undefined;
  const query = { group_by: question.groupBy, ...usageFilterQuery(filters) };
  const range = rangeOf(MESSAGES_USAGE_REPORT, question, question.bucketWidth);
  const raw = await readRange(client, range, question.bucketWidth, query, usesSpeed ? [FAST_MODE_BETA] : []);
  return raw.map((bucket) => usageBucketFrom(bucket, question.groupBy));
}

async function readCosts(client: ProviderClient, question: CostQuestion): Promise<CostBucket[]> {
  requireGroups(question.groupBy, 2);
  const range = rangeOf(COST_REPORT, question, '1d');
  const raw = await readRange(client, range, '1d', { group_by: question.groupBy }, []);
  return raw.map((bucket) => costBucketFrom(bucket, question.groupBy));
}

async function readRange(
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
  const fetchPage = (page: string | null) =>
    client.get(range.report, page === null ? asked : { ...asked, page }, betas);
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await readBucketPages(range, fetchPage);
    } catch (error) {
      // 410: the data was refreshed under the cursor. Pages of two states do not add up, so all of them are read again.
      if (providerStatus(error) !== 410 || restarts === MAX_RESTARTS) throw error;
    }
  }
}

function rangeOf(report: string, asked: { fromMs: number; toMs: number }, width: BucketWidth): BucketRange {
  const { widthMs } = BUCKETS[width];
  const isBoundary = (instantMs: number) => Number.isSafeInteger(instantMs) && instantMs % widthMs === 0;
  if (!isBoundary(asked.fromMs) || !isBoundary(asked.toMs) || asked.fromMs >= asked.toMs) {
    // The provider would drop a partial last bucket and snap the first one: another range than the one asked for.
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `The range ${asked.fromMs} to ${asked.toMs} is not a row of whole ${width} buckets in UTC.`,
    });
  }
  return { report, fromMs: asked.fromMs, toMs: asked.toMs, widthMs };
}

function requireGroups(groupBy: readonly string[], most: number): void {
  if (groupBy.length <= most && new Set(groupBy).size === groupBy.length) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `Grouping by ${groupBy.join(', ')} is refused: at most ${most} dimensions, each once.`,
  });
}
