/** Which groups of an answer are ahead, and what the others come to. */
import { type SpendDimension, TIME_DIMENSIONS, type UsageOrder, type UsageQuestion } from '@tallygate/usage';
import { addedSpend } from './added-spend.ts';
import { tokensOf, type UsageColumns } from './usage-group.ts';

const isTime = (dimension: SpendDimension) => (TIME_DIMENSIONS as readonly string[]).includes(dimension);

const MEASURES: Record<UsageOrder, (row: UsageColumns) => number | bigint> = {
  cost: (row) => row.sum_contracted_cost_nano_usd,
  calls: (row) => row.sum_calls,
  tokens: (row) => tokensOf(row).input + row.sum_output_tokens,
  errors: (row) => row.sum_failed_attempts,
  latency: (row) => (row.sum_timed_attempts === 0 ? 0 : row.sum_latency_ms / row.sum_timed_attempts),
};

export interface Ranked {
  chosen: UsageColumns[];
  others: { rows: UsageColumns[]; groupBy: SpendDimension[] };
}

/** A team is ahead over the whole range, or its line in a chart by days would come and go. */
export function ranked(rows: UsageColumns[], asked: UsageQuestion): Ranked {
  const { groupBy, order, top } = asked;
  const times = groupBy.filter(isTime);
  const named = groupBy.filter((dimension) => !isTime(dimension));
  const contenders = named.length > 0 ? named : groupBy;
  const largest = largestFirst(order ?? 'cost');
  const ahead = folded(rows, contenders).sort(largest).slice(0, top);
  const keys = new Set(ahead.map((row) => keyOf(row, contenders)));
  const isAhead = (row: UsageColumns) => keys.has(keyOf(row, contenders));
  const rankedByTime = named.length > 0 || (order ?? top) === undefined ? times : [];
  const othersBy = groupBy.filter((dimension) => !contenders.includes(dimension));
  const others = rows.filter((row) => !isAhead(row));
  return {
    chosen: rows.filter(isAhead).sort(inTime(rankedByTime, largest)),
    others: { rows: folded(others, othersBy).sort(inTime(othersBy, largest)), groupBy: othersBy },
  };
}

/** The same sums by fewer dimensions. */
export function folded(rows: readonly UsageColumns[], groupBy: readonly SpendDimension[]): UsageColumns[] {
  const kept = new Set<string>(groupBy.map((dimension) => `group_${dimension}`));
  const forgetful = rows.map((row) => {
    const columns = Object.entries(row).map(([column, value]) => [
      column,
      typeof value === 'string' && !kept.has(column) ? '' : value,
    ]);
    return Object.fromEntries(columns) as UsageColumns;
  });
  return addedSpend(forgetful);
}

export function keyOf(
  row: Partial<Record<`group_${SpendDimension}`, string>>,
  groupBy: readonly SpendDimension[],
): string {
  return JSON.stringify(groupBy.map((dimension) => row[`group_${dimension}`]));
}

type Comparison = (a: UsageColumns, b: UsageColumns) => number;

/** Of equals the order of their names stays, which is how rows come. */
function largestFirst(order: UsageOrder): Comparison {
  const measure = MEASURES[order];
  return (a, b) => compare(measure(b), measure(a));
}

function inTime(times: readonly SpendDimension[], otherwise: Comparison): Comparison {
  return (a, b) => compare(keyOf(a, times), keyOf(b, times)) || otherwise(a, b);
}

function compare<Value extends string | number | bigint>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
