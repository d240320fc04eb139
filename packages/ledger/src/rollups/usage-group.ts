/** From the sums of a group to what people ask of them: shares, means, percentiles. */
import type { Percentiles, SpendDimension, UsageGroup } from '@tallygate/usage';
import { toSpendRow } from './read-spend.ts';
import type { SpendColumns } from './spend-queries.ts';

export type UsageColumns = SpendColumns & { denied_attempts: number; would_be_denied_attempts: number };

export type Latencies = Pick<UsageGroup, 'latency' | 'timeToFirstToken'>;

export function toUsageGroup(
  row: UsageColumns,
  groupBy: readonly SpendDimension[],
  { knowsDenials, timed }: { knowsDenials: boolean; timed: Latencies | null },
): UsageGroup {
  return {
    ...toSpendRow(row, groupBy),
    thinkingTokens: row.sum_thinking_tokens,
    cacheReadShare: shareOf(row.sum_cache_read_input_tokens, tokensOf(row).input),
    errorRate: shareOf(row.sum_failed_attempts, row.sum_attempts),
    meanLatencyMs: shareOf(row.sum_latency_ms, row.sum_timed_attempts),
    meanTimeToFirstTokenMs: shareOf(row.sum_time_to_first_token_ms, row.sum_first_token_attempts),
    denials: knowsDenials ? denialsOf(row) : null,
    latency: timed?.latency ?? null,
    timeToFirstToken: timed?.timeToFirstToken ?? null,
  };
}

/** All classes of input are one figure here. */
export function tokensOf(row: SpendColumns): { input: number } {
  const written =
    row.sum_cache_write_5m_input_tokens +
    row.sum_cache_write_1h_input_tokens +
    row.sum_cache_write_unsplit_input_tokens;
  return { input: row.sum_uncached_input_tokens + row.sum_cache_read_input_tokens + written };
}

export function latenciesOf(row: {
  attempt_latency_ms: (number | null)[];
  first_token_ms: (number | null)[];
}): Latencies {
  return {
    latency: percentilesOf(row.attempt_latency_ms),
    timeToFirstToken: percentilesOf(row.first_token_ms),
  };
}

/** The engine has no percentile of nothing and says so by null. */
function percentilesOf([p50, p90, p95, p99]: readonly (number | null)[]): Percentiles | null {
  if (p50 == null || p90 == null || p95 == null || p99 == null) return null;
  return { p50, p90, p95, p99 };
}

function denialsOf(row: UsageColumns): UsageGroup['denials'] {
  const { denied_attempts: denied, would_be_denied_attempts: wouldBeDenied } = row;
  return { denied, wouldBeDenied, deniedShare: shareOf(denied, row.sum_attempts + denied) };
}

function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
