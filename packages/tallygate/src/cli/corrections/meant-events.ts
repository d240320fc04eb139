import type { SpendDimension, SpendQuery, UsageEvent } from '@tallygate/usage';
import { invalidRequest } from '../../invalid-request.ts';
import { askedUsage } from '../usage-options.ts';

/** What an attempt says of itself, by the names of dimensions; "" where it says nothing. Its lines may differ, so none is asked. */
const VALUES: Partial<Record<SpendDimension, (event: UsageEvent, tagKey: string) => string | null>> = {
  team: ({ attribution }) => attribution.team,
  feature: ({ attribution }) => attribution.feature,
  environment: ({ attribution }) => attribution.environment,
  workflow: ({ attribution }) => attribution.workflow,
  taskType: ({ attribution }) => attribution.taskType,
  user: ({ attribution }) => attribution.userPseudonym,
  tag: ({ attribution }, tagKey) => attribution.tags[tagKey] ?? null,
  apiKeyId: ({ apiKeyId }) => apiKeyId,
  apiKeyHint: ({ apiKeyHint }) => apiKeyHint,
  workspaceId: ({ workspaceId }) => workspaceId,
  requestModel: ({ requestModel }) => requestModel,
  status: ({ status }) => status,
};

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for no condition, and for one that no whole attempt can be held against. */
export function meantEvents(where: readonly string[]): (event: UsageEvent) => boolean {
  const { filter, tagKey = '' } = askedUsage({ where: [...where] });
  if (filter === undefined)
    throw invalidRequest(
      'Nothing says what is meant.',
      'Write --where with a condition such as feature=triage.',
    );
  const conditions = conditionsOf(filter).map(([dimension, values]) => {
    const valueIn = VALUES[dimension];
    if (valueIn !== undefined) return (event: UsageEvent) => values.includes(valueIn(event, tagKey) ?? '');
    const known = Object.keys(VALUES).join(', ');
    throw invalidRequest(
      `--where ${dimension} does not tell one attempt from another.`,
      `Use one of ${known}.`,
    );
  });
  return (event) => conditions.every((fits) => fits(event));
}

function conditionsOf(filter: NonNullable<SpendQuery['filter']>): [SpendDimension, string[]][] {
  return Object.entries(filter) as [SpendDimension, string[]][];
}
