import { type UsageGroup, usdFromNano } from '@tallygate/usage';
import type { UsageStatement } from './usage-statement.ts';

/** The statement as JSON: money as decimal text, tokens in every class that is billed, null for what is unknown. */
export function usageDocument(statement: UsageStatement): Record<string, unknown> {
  const { groupBy, tagKey, groups, others, total, coverage } = statement;
  const { group: _none, ...sum } = total;
  return {
    groupBy,
    ...(tagKey === null ? {} : { tagKey }),
    lines: groups.map(lineDocument),
    others: others.map(lineDocument),
    total: lineDocument(sum),
    coverage: coverage && {
      reported: basisDocument(coverage.reported),
      estimated: basisDocument(coverage.estimated),
    },
  };
}

function lineDocument(line: Omit<UsageGroup, 'group'>): Record<string, unknown> {
  const { listCostNanoUsd, contractedCostNanoUsd, webSearchCostNanoUsd, roundingPicoUsd, ...rest } = line;
  return {
    ...rest,
    listCostUsd: usdFromNano(listCostNanoUsd),
    contractedCostUsd: usdFromNano(contractedCostNanoUsd),
    webSearchCostUsd: usdFromNano(webSearchCostNanoUsd),
    roundingPicoUsd,
  };
}

function basisDocument({
  attempts,
  contractedCostNanoUsd,
}: NonNullable<UsageStatement['coverage']>['reported']) {
  return { attempts, contractedCostUsd: usdFromNano(contractedCostNanoUsd) };
}
