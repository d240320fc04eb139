import { addBilledCounts, type SpendDimension, type SpendRow, UNASSIGNED } from '@tallygate/usage';

/** A line has the shape of the rows it sums: counts, tokens by billing class, cost at list and at contract prices. */
export type StatementLine = SpendRow;

export interface SpendStatement {
  groupBy: readonly SpendDimension[];
  /** One per distinct group. In order of time where the first dimension is a time, else the dearest first. */
  lines: StatementLine[];
  /** Exactly the sum of the lines, field by field. */
  total: StatementLine;
  /** The part of the total that no team has taken responsibility for; null when teams are not told apart. */
  unassignedNanoUsd: bigint | null;
}

const TIME_DIMENSIONS: ReadonlySet<SpendDimension> = new Set(['day', 'hour', 'minute']);

/**
 * Folds rows, which may be finer, into a statement by `groupBy`. Pure; a row that lacks a dimension is grouped under "".
 * Calls are counted per row: one whose attempts fell into several groups appears in each of them.
 */
export function spendStatement(
  rows: readonly SpendRow[],
  options: { groupBy: readonly SpendDimension[] },
): SpendStatement {
  const { groupBy } = options;
  const lines = new Map<string, StatementLine>();
  for (const row of rows) {
    const group = Object.fromEntries(groupBy.map((dimension) => [dimension, row.group[dimension] ?? '']));
    const key = groupKey(group, groupBy);
    lines.set(key, addLines(lines.get(key) ?? emptyLine(group), row));
  }
  const sorted = [...lines.values()].sort(lineOrder(groupBy));
  return { groupBy, lines: sorted, total: sumOf(sorted), unassignedNanoUsd: unassignedIn(sorted, groupBy) };
}

function sumOf(lines: readonly StatementLine[]): StatementLine {
  return lines.reduce(addLines, emptyLine({}));
}

function unassignedIn(lines: readonly StatementLine[], groupBy: readonly SpendDimension[]): bigint | null {
  if (!groupBy.includes('team')) return null;
  return sumOf(lines.filter(({ group }) => group.team === UNASSIGNED)).contractedCostNanoUsd;
}

function addLines(sum: StatementLine, row: SpendRow): StatementLine {
  return {
    group: sum.group,
    calls: sum.calls + row.calls,
    attempts: sum.attempts + row.attempts,
    failedAttempts: sum.failedAttempts + row.failedAttempts,
    usage: addBilledCounts(sum.usage, row.usage),
    listCostNanoUsd: sum.listCostNanoUsd + row.listCostNanoUsd,
    contractedCostNanoUsd: sum.contractedCostNanoUsd + row.contractedCostNanoUsd,
    webSearchCostNanoUsd: sum.webSearchCostNanoUsd + row.webSearchCostNanoUsd,
    roundingPicoUsd: sum.roundingPicoUsd + row.roundingPicoUsd,
  };
}

function emptyLine(group: StatementLine['group']): StatementLine {
  return {
    group,
    calls: 0,
    attempts: 0,
    failedAttempts: 0,
    usage: NO_COUNTS,
    listCostNanoUsd: 0n,
    contractedCostNanoUsd: 0n,
    webSearchCostNanoUsd: 0n,
    roundingPicoUsd: 0n,
  };
}

const NO_COUNTS: SpendRow['usage'] = {
  uncachedInputTokens: 0,
  cacheReadInputTokens: 0,
  cacheWrite5mInputTokens: 0,
  cacheWrite1hInputTokens: 0,
  cacheWriteUnsplitInputTokens: 0,
  outputTokens: 0,
  webSearchRequests: 0,
  webFetchRequests: 0,
};

/** Ties end at the group itself, so that the same rows always give the same bytes. */
function lineOrder(
  groupBy: readonly SpendDimension[],
): (left: StatementLine, right: StatementLine) => number {
  const [first] = groupBy;
  const byTime = first !== undefined && TIME_DIMENSIONS.has(first);
  return (left, right) => {
    const time = byTime ? compare(left.group[first] ?? '', right.group[first] ?? '') : 0;
    if (time !== 0) return time;
    const cost = compare(right.contractedCostNanoUsd, left.contractedCostNanoUsd);
    return cost !== 0 ? cost : compare(groupKey(left.group, groupBy), groupKey(right.group, groupBy));
  };
}

function groupKey(group: StatementLine['group'], groupBy: readonly SpendDimension[]): string {
  return JSON.stringify(groupBy.map((dimension) => group[dimension] ?? ''));
}

function compare<Value extends string | bigint>(left: Value, right: Value): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
