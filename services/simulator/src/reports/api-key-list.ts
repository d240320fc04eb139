import type { ApiKey } from '../keys.ts';
import type { Provider } from '../provider.ts';
import { invalidRequest } from '../provider-error.ts';

/**
 * GET /v1/organizations/api_keys: the link between the id that reports name and the little of a secret that its user may
 * remember. Pages by `after_id`; forward only, which is all that listing takes.
 */
const DEFAULT_LIMIT = 20;
const MOST_PER_PAGE = 1_000;
const HINTED_START = 16;
const HINTED_END = 4;
/** From this version on a key names its scope, and the default workspace by its real id. */
const SCOPE_VERSION = '2026-10-21';

/** @throws ProviderError 400. `version` is the `anthropic-version` header. */
export function apiKeyList(provider: Provider, parameters: URLSearchParams, version: string) {
  const { apiKeys } = provider.options;
  const start = startOf(apiKeys, parameters.get('after_id'));
  const limit = limitOf(parameters.get('limit'));
  const page = apiKeys.slice(start, start + limit);
  return {
    data: page.map((apiKey) => ({ ...describe(apiKey), ...placeOf(provider, apiKey, version) })),
    has_more: start + limit < apiKeys.length,
    first_id: page.at(0)?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

function startOf(apiKeys: readonly ApiKey[], afterId: string | null): number {
  if (afterId === null) return 0;
  const index = apiKeys.findIndex((apiKey) => apiKey.id === afterId);
  if (index === -1) throw invalidRequest('after_id: No such API key');
  return index + 1;
}

function limitOf(text: string | null): number {
  const limit = Number(text ?? DEFAULT_LIMIT);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MOST_PER_PAGE) {
    throw invalidRequest(`limit: Input should be between 1 and ${MOST_PER_PAGE}`);
  }
  return limit;
}

function describe({ id, key }: ApiKey) {
  return { id, type: 'api_key', name: id, status: 'active', expires_at: null, partial_key_hint: hintOf(key) };
}

/** Short keys have no hint: it would give most of them away. */
function hintOf(key: string): string | null {
  if (key.length < 2 * (HINTED_START + HINTED_END)) return null;
  return `${key.slice(0, HINTED_START)}...${key.slice(-HINTED_END)}`;
}

function placeOf(provider: Provider, apiKey: ApiKey, version: string) {
  if (version < SCOPE_VERSION) return { workspace_id: apiKey.workspaceId };
  return { scope: { type: 'workspace', workspace_id: provider.workspaceIdOf(apiKey) } };
}
