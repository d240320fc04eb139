import { z } from 'zod';
import { describeShape, type RawBucket } from './bucket-pages.ts';
import { reportMalformed } from './report-malformed.ts';

/**
 * Report family A, `GET /v1/organizations/usage_report/messages`: tokens per bucket and group, five minutes fresh.
 *
 * In a row, null means "not grouped by this" AND "grouped, and there is none" (default workspace, no key). Only the question
 * tells them apart, so a group here holds exactly the dimensions that were asked for: an absent key was not asked, null is
 * an answer.
 */
export const MESSAGES_USAGE_REPORT = 'usage_report/messages';

export const USAGE_DIMENSIONS = [
  'account_id',
  'api_key_id',
  'context_window',
  'inference_geo',
  'model',
  'service_account_id',
  'service_tier',
  'speed',
  'workspace_id',
] as const;
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

export type UsageGroup = Partial<Record<UsageDimension, string | null>>;

/** Counts as the provider reports them, each in the class it is billed in. */
export interface ReportedUsage {
  uncachedInputTokens: number;
  cacheReadInputTokens: number;
  cacheWrite5mInputTokens: number;
  cacheWrite1hInputTokens: number;
  outputTokens: number;
  webSearchRequests: number;
}

export interface UsageRow {
  group: UsageGroup;
  usage: ReportedUsage;
  /** Counts above zero in fields that this version does not know ("cache_creation.ephemeral_24h_input_tokens"): not in `usage`. */
  unknownCounts: Record<string, number>;
}

export interface UsageBucket {
  startMs: number;
  endMs: number;
  rows: UsageRow[];
}

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const rowSchema = z.looseObject({
  uncached_input_tokens: count,
  cache_creation: z.looseObject({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }),
  cache_read_input_tokens: count,
  output_tokens: count,
  server_tool_use: z.looseObject({ web_search_requests: count }),
});
type WireRow = z.output<typeof rowSchema>;

const KNOWN_COUNTS = new Set([
  'uncached_input_tokens',
  'cache_creation.ephemeral_5m_input_tokens',
  'cache_creation.ephemeral_1h_input_tokens',
  'cache_read_input_tokens',
  'output_tokens',
  'server_tool_use.web_search_requests',
]);

const dimensionValueSchema = z.string().min(1).nullable();

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for a row that lacks a count or an asked dimension, or comes twice. */
export function usageBucketFrom(raw: RawBucket, asked: readonly UsageDimension[]): UsageBucket {
  const seen = new Set<string>();
  const rows = raw.results.map((result) => usageRowFrom(result, asked));
  for (const row of rows) {
    const key = JSON.stringify(asked.map((dimension) => row.group[dimension]));
    if (seen.has(key))
      throw reportMalformed(MESSAGES_USAGE_REPORT, `holds the group ${key} twice in a bucket`);
    seen.add(key);
  }
  return { startMs: raw.startMs, endMs: raw.endMs, rows };
}

function usageRowFrom(result: unknown, asked: readonly UsageDimension[]): UsageRow {
  const parsed = rowSchema.safeParse(result);
  if (!parsed.success) {
    throw reportMalformed(MESSAGES_USAGE_REPORT, describeShape(parsed.error), parsed.error);
  }
  const row = parsed.data;
  return {
    group: groupFrom(row, asked),
    usage: {
      uncachedInputTokens: row.uncached_input_tokens,
      cacheReadInputTokens: row.cache_read_input_tokens,
      cacheWrite5mInputTokens: row.cache_creation.ephemeral_5m_input_tokens,
      cacheWrite1hInputTokens: row.cache_creation.ephemeral_1h_input_tokens,
      outputTokens: row.output_tokens,
      webSearchRequests: row.server_tool_use.web_search_requests,
    },
    unknownCounts: Object.fromEntries(
      countsOf(row).filter(([name, n]) => n !== 0 && !KNOWN_COUNTS.has(name)),
    ),
  };
}

function groupFrom(row: WireRow, asked: readonly UsageDimension[]): UsageGroup {
  const group: UsageGroup = {};
  for (const dimension of asked) {
    const value = dimensionValueSchema.safeParse(row[dimension]);
    if (!value.success)
      throw reportMalformed(MESSAGES_USAGE_REPORT, `was grouped by ${dimension}, a row names none`);
    group[dimension] = value.data;
  }
  return group;
}

/** Every number of the row by its dotted path. A class of tokens that is new to us must not vanish from a total unseen. */
function countsOf(value: object, prefix = ''): [string, number][] {
  return Object.entries(value).flatMap(([name, item]: [string, unknown]): [string, number][] => {
    if (typeof item === 'number') return [[prefix + name, item]];
    return typeof item === 'object' && item !== null ? countsOf(item, `${prefix}${name}.`) : [];
  });
}
