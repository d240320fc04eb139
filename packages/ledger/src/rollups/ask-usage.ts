/** What a spend report leaves open: the dearest first, how well caches work, how often calls fail or are denied, how long they take. */
import { type SpendDimension, type SpendQuery, type SpendRow, TallygateError } from '@tallygate/usage';
import type { RollupDependencies } from './add-up.ts';
import { addedSpend } from './added-spend.ts';
import { type groupOf, question, readSpend, toSpendRow } from './read-spend.ts';
import { denialCounts, latencyPercentiles, type SpendColumns } from './spend-queries.ts';

export interface UsageQuestion extends SpendQuery {
  /** Only the groups that cost most; the others become one sum. */
  top?: number;
  /** Also exact percentiles of latency, which are read from rows: at most 31 days. */
  percentiles?: boolean;
}

/** Milliseconds. */
export interface Percentiles {
  p50: number;
  p90: number;
  p95: number;
  p99: number;
}

export interface UsageRow extends SpendRow {
  thinkingTokens: number;
  /** Of the input tokens, the part that was read from a cache; null without input. */
  cacheReadShare: number | null;
  /** Of the attempts, the part that failed; null without attempts. */
  errorRate: number | null;
  meanLatencyMs: number | null;
  meanTimeToFirstTokenMs: number | null;
}

export interface UsageGroup extends UsageRow {
  /** Null by a dimension or filter that a denial does not have: it has no answer, so no answering model, key or tier. */
  denials: { denied: number; wouldBeDenied: number; deniedShare: number | null } | null;
  latency: Percentiles | null;
  timeToFirstToken: Percentiles | null;
}

export interface UsageAnswer {
  groups: UsageGroup[];
  /** The sum of the groups beyond `top`; null when there are none. */
  others: UsageRow | null;
}

const DENIAL_DIMENSIONS: readonly string[] = [
  ...['team', 'feature', 'environment', 'requestModel', 'user'],
  ...['day', 'hour', 'minute'],
];
const LONGEST_PERCENTILES_MS = 31 * 86_400_000;

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` beyond 31 days of percentiles, users or tags. */
export async function askUsage(rollups: RollupDependencies, asked: UsageQuestion): Promise<UsageAnswer> {
  requirePercentileRange(asked);
  const rows = (await readSpend(rollups, asked)).sort(dearestFirst);
  const chosen = rows.slice(0, asked.top ?? rows.length);
  const [denials, latencies] = await Promise.all([deniedBy(rollups, asked), latenciesBy(rollups, asked)]);
  return {
    groups: chosen.map((row) => {
      const key = keyOf(row, asked.groupBy);
      const attempts = row.sum_attempts;
      return {
        ...toUsageRow(row, asked.groupBy),
        denials: denials && deniedShare(denials.get(key) ?? { denied: 0, wouldBeDenied: 0 }, attempts),
        latency: latencies?.get(key)?.latency ?? null,
        timeToFirstToken: latencies?.get(key)?.timeToFirstToken ?? null,
      };
    }),
    others: othersOf(rows.slice(chosen.length)),
  };
}

function requirePercentileRange({ percentiles, fromMs, toMs }: UsageQuestion): void {
  if (!percentiles || toMs - fromMs <= LONGEST_PERCENTILES_MS) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: 'Of percentiles, at most 31 days can be asked for at once.',
    cure: 'Ask month by month, or without percentiles.',
  });
}

function dearestFirst(a: SpendColumns, b: SpendColumns): number {
  const difference = b.sum_contracted_cost_nano_usd - a.sum_contracted_cost_nano_usd;
  return difference === 0n ? 0 : difference > 0n ? 1 : -1;
}

async function deniedBy({ database }: RollupDependencies, asked: UsageQuestion) {
  const dimensions = [...asked.groupBy, ...Object.keys(asked.filter ?? {})];
  if (!dimensions.every((dimension) => DENIAL_DIMENSIONS.includes(dimension))) return null;
  const { by: _by, ...rest } = question(asked);
  const rows = await denialCounts(database, rest);
  return new Map(
    rows.map((row) => [
      keyOf(row, asked.groupBy),
      { denied: row.denied_attempts, wouldBeDenied: row.would_be_denied_attempts },
    ]),
  );
}

async function latenciesBy({ database }: RollupDependencies, asked: UsageQuestion) {
  if (!asked.percentiles) return null;
  const rows = await latencyPercentiles(database, { ...question(asked), tagKey: asked.tagKey ?? '' });
  return new Map(
    rows.map((row) => [
      keyOf(row, asked.groupBy),
      { latency: percentilesOf(row.latency_ms), timeToFirstToken: percentilesOf(row.first_token_ms) },
    ]),
  );
}

/** The engine has no percentile of nothing and says so by null. */
function percentilesOf([p50, p90, p95, p99]: readonly (number | null)[]): Percentiles | null {
  if (p50 == null || p90 == null || p95 == null || p99 == null) return null;
  return { p50, p90, p95, p99 };
}

function deniedShare(counts: { denied: number; wouldBeDenied: number }, attempts: number) {
  return { ...counts, deniedShare: shareOf(counts.denied, attempts + counts.denied) };
}

function othersOf(rows: readonly SpendColumns[]): UsageRow | null {
  const [sum] = addedSpend(rows.map(withoutGroup));
  return sum === undefined ? null : toUsageRow(sum, []);
}

function withoutGroup(row: SpendColumns): SpendColumns {
  const columns = Object.entries(row).map(([column, value]) => [
    column,
    typeof value === 'string' ? '' : value,
  ]);
  return Object.fromEntries(columns) as SpendColumns;
}

function toUsageRow(row: SpendColumns, groupBy: readonly SpendDimension[]): UsageRow {
  const spend = toSpendRow(row, groupBy);
  const { usage } = spend;
  const written =
    usage.cacheWrite5mInputTokens + usage.cacheWrite1hInputTokens + usage.cacheWriteUnsplitInputTokens;
  const input = usage.uncachedInputTokens + usage.cacheReadInputTokens + written;
  return {
    ...spend,
    thinkingTokens: row.sum_thinking_tokens,
    cacheReadShare: shareOf(usage.cacheReadInputTokens, input),
    errorRate: shareOf(spend.failedAttempts, spend.attempts),
    meanLatencyMs: shareOf(row.sum_latency_ms, row.sum_timed_attempts),
    meanTimeToFirstTokenMs: shareOf(row.sum_time_to_first_token_ms, row.sum_first_token_attempts),
  };
}

function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function keyOf(row: Parameters<typeof groupOf>[0], groupBy: readonly SpendDimension[]): string {
  return JSON.stringify(groupBy.map((dimension) => row[`group_${dimension}`]));
}
