import type { Provider } from '../provider.ts';

/** GET /v1/organizations/workspaces. The default one is listed only where it is asked for; none is ever archived. */
export function workspaceList(provider: Provider, parameters: URLSearchParams) {
  const ids = provider.options.apiKeys.map(({ workspaceId }) => workspaceId).filter((id) => id !== null);
  const named = [...new Set(ids)].map((id) => ({ id, name: id }));
  const standard = { id: provider.defaultWorkspaceId, name: 'Default' };
  const listed = parameters.get('include_default') === 'true' ? [standard, ...named] : named;
  const data = listed.map((workspace) => ({ ...workspace, type: 'workspace', archived_at: null }));
  return { data, has_more: false, first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null };
}
