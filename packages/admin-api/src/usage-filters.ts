/** Which usage a report of family A is narrowed to. An absent list does not filter; an empty one is the same as absent. */
export interface UsageFilters {
  accountIds?: string[];
  apiKeyIds?: string[];
  contextWindows?: string[];
  inferenceGeos?: string[];
  models?: string[];
  serviceAccountIds?: string[];
  serviceTiers?: string[];
  speeds?: string[];
  workspaceIds?: string[];
}

/** `context_window` alone is singular in family A; its siblings, and family D, use the plural. */
const WIRE_NAMES = {
  accountIds: 'account_ids',
  apiKeyIds: 'api_key_ids',
  contextWindows: 'context_window',
  inferenceGeos: 'inference_geos',
  models: 'models',
  serviceAccountIds: 'service_account_ids',
  serviceTiers: 'service_tiers',
  speeds: 'speeds',
  workspaceIds: 'workspace_ids',
} as const satisfies Record<keyof UsageFilters, string>;

export function usageFilterQuery(filters: UsageFilters): Record<string, string[]> {
  return filterQuery(filters, WIRE_NAMES);
}

/** The names as the SDK's serialiser wants them: it adds the brackets. */
export function filterQuery<Name extends string>(
  filters: Partial<Record<Name, string[]>>,
  wireNames: Readonly<Record<Name, string>>,
): Record<string, string[]> {
  const query: Record<string, string[]> = {};
  for (const [name, wireName] of Object.entries(wireNames) as [Name, string][]) {
    const values = filters[name];
    if (values !== undefined && values.length > 0) query[wireName] = values;
  }
  return query;
}
