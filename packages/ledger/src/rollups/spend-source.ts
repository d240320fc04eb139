/** Where a question about spend is answered from, by what it distinguishes. */
import type { SpendDimension, SpendQuery } from '@tallygate/usage';
import { DIMENSIONS } from '../sql.generated.ts';

const TIME: readonly SpendDimension[] = ['month', 'day', 'hour'];

export type SpendSource = 'spend' | 'billing' | 'rows';

/** Minutes, users and whatever else no rollup distinguishes are read from rows. */
export function sourceOf({ groupBy, filter = {} }: Pick<SpendQuery, 'groupBy' | 'filter'>): SpendSource {
  const asked = [...groupBy, ...(Object.keys(filter) as SpendDimension[])];
  const knows = (dimensions: readonly SpendDimension[]) =>
    asked.every((dimension) => dimensions.includes(dimension) || TIME.includes(dimension));
  if (knows(DIMENSIONS.spend)) return 'spend';
  return knows(DIMENSIONS.billing) ? 'billing' : 'rows';
}
