import type { UsageAnswer, UsageGroup } from '@tallygate/usage';

/** For tests: one call of a cent, tried twice, so that every column has something to show. */
export function usageGroup(group: UsageGroup['group'], changes: Partial<UsageGroup> = {}): UsageGroup {
  return {
    group,
    calls: 1,
    attempts: 2,
    failedAttempts: 1,
    usage: {
      uncachedInputTokens: 1000,
      cacheReadInputTokens: 0,
      cacheWrite5mInputTokens: 0,
      cacheWrite1hInputTokens: 0,
      cacheWriteUnsplitInputTokens: 0,
      outputTokens: 5,
      webSearchRequests: 0,
      webFetchRequests: 0,
    },
    listCostNanoUsd: 10_000_001n,
    contractedCostNanoUsd: 10_000_001n,
    webSearchCostNanoUsd: 0n,
    roundingPicoUsd: -3n,
    thinkingTokens: 2,
    cacheReadShare: 0,
    errorRate: 0.5,
    meanLatencyMs: 1_234.5,
    meanTimeToFirstTokenMs: null,
    denials: { denied: 2, wouldBeDenied: 0, deniedShare: 0.5 },
    latency: null,
    timeToFirstToken: null,
    ...changes,
  };
}

/** What a ledger of these groups answers, where the total has as many of the one cent as there are groups. */
export function usageAnswer(groups: UsageGroup[], changes: Partial<UsageAnswer> = {}): UsageAnswer {
  const count = groups.length;
  const contractedCostNanoUsd = BigInt(count) * 10_000_001n;
  const total = usageGroup({}, { calls: count, contractedCostNanoUsd });
  const estimated = { attempts: 0, contractedCostNanoUsd: 0n };
  const coverage = { reported: { attempts: count, contractedCostNanoUsd }, estimated };
  return { groups, others: [], total, coverage, ...changes };
}
