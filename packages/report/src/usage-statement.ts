import {
  type SpendDimension,
  TIME_DIMENSIONS,
  UNASSIGNED,
  type UsageAnswer,
  type UsageGroup,
} from '@tallygate/usage';
import { DIMENSION_TITLES } from './dimension-titles.ts';

/** An answer about usage with what was asked. */
export interface UsageStatement extends UsageAnswer {
  groupBy: readonly SpendDimension[];
  /** Which tag the dimension "tag" is; null without it. */
  tagKey: string | null;
  percentiles: boolean;
}

export interface UsageStatementLine extends UsageGroup {
  /** True: the sum of what `top` left out, in the interval that its group names. */
  others: boolean;
}

export const OTHERS = '(others)';

/** Every line in the order it is read: what is left out stands last, within its interval where time is distinguished. */
export function statementLines({ groupBy, groups, others }: UsageStatement): UsageStatementLine[] {
  const lines = [
    ...groups.map((group) => ({ ...group, others: false })),
    ...others.map((group) => ({ ...group, others: true })),
  ];
  const times = TIME_DIMENSIONS.filter((time) => groupBy.includes(time));
  const isSplit = others.some(({ group }) => times.some((time) => group[time] !== undefined));
  if (!isSplit) return lines;
  const instantOf = ({ group }: UsageGroup) => JSON.stringify(times.map((time) => group[time]));
  return lines.sort((left, right) =>
    instantOf(left) < instantOf(right) ? -1 : instantOf(left) > instantOf(right) ? 1 : 0,
  );
}

/** A tag goes by its own name. */
export function dimensionTitle(
  dimension: SpendDimension,
  { tagKey }: Pick<UsageStatement, 'tagKey'>,
): string {
  return dimension === 'tag' && tagKey !== null ? tagKey : DIMENSION_TITLES[dimension].title;
}

/** What no listed team answers for; null when that cannot be told from these lines. */
export function unassignedNanoUsd({ groupBy, groups, others }: UsageStatement): bigint | null {
  if (!groupBy.includes('team') || others.length > 0) return null;
  return groups
    .filter(({ group }) => group.team === UNASSIGNED)
    .reduce((sum, { contractedCostNanoUsd }) => sum + contractedCostNanoUsd, 0n);
}
