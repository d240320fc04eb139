import { DIMENSION_TITLES } from '@tallygate/report';
import { nearestName, type SpendDimension, type SpendHistory } from '@tallygate/usage';
import type { TimeRange } from './time-range.ts';
import type { AskedUsage } from './usage-options.ts';

/**
 * After an answer of nothing: which of the values that were asked for nothing was recorded with, and what they may be slips of. Nothing is
 * corrected silently.
 */
export async function unknownValues(
  history: SpendHistory,
  organization: string,
  range: TimeRange,
  { filter = {}, tagKey }: AskedUsage,
): Promise<string[]> {
  const remarks: string[] = [];
  for (const [name, values] of Object.entries(filter)) {
    const dimension = name as SpendDimension;
    const tag = dimension === 'tag' && tagKey !== undefined ? { tagKey } : {};
    const question = { organization, ...range, by: 'ended' as const, groupBy: [dimension], ...tag };
    const recorded = (await history.spend(question)).map(({ group }) => group[dimension] ?? '');
    const unknown = values.filter((value) => !recorded.includes(value));
    remarks.push(...unknown.map((value) => describeUnknown(dimension, value, recorded)));
  }
  return remarks;
}

function describeUnknown(dimension: SpendDimension, value: string, recorded: readonly string[]): string {
  const title = DIMENSION_TITLES[dimension].title.toLowerCase();
  const near = nearestName(
    value,
    recorded.filter((name) => name !== ''),
  );
  const suggestion = near === null ? '' : ` Did you mean "${near}"?`;
  return `Nothing was recorded with ${title} "${value}" then.${suggestion}`;
}
