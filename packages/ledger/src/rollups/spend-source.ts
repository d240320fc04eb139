/** Where a question about spend is answered from, by what it distinguishes. */
import type { SpendDimension, SpendQuery } from '@tallygate/usage';

/** What the rollups know beside time; nobody else's dimensions can be asked of them. */
const SPEND_ROLLUP = ['team', 'feature', 'environment', 'responseModel', 'status'] as const;
const BILLING_ROLLUP = [
  'providerOrganizationId',
  'workspaceId',
  'apiKeyId',
  'apiKeyHint',
  'responseModel',
  'backend',
  'serviceTier',
  'speed',
  'inferenceGeo',
  'promptBand',
  'basis',
] as const;

const TIME: readonly SpendDimension[] = ['month', 'day', 'hour'];

export type SpendSource = 'spend' | 'billing' | 'rows';

/** Minutes, users and whatever else no rollup distinguishes are read from rows. */
export function sourceOf({ groupBy, filter = {} }: Pick<SpendQuery, 'groupBy' | 'filter'>): SpendSource {
  const asked = [...groupBy, ...(Object.keys(filter) as SpendDimension[])];
  const knows = (dimensions: readonly SpendDimension[]) =>
    asked.every((dimension) => dimensions.includes(dimension) || TIME.includes(dimension));
  if (knows(SPEND_ROLLUP)) return 'spend';
  return knows(BILLING_ROLLUP) ? 'billing' : 'rows';
}
