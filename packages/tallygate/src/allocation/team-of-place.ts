import type { Team } from '@tallygate/usage';

/** As tallygate.yaml may call the workspace that the older reports give no id. */
export const DEFAULT_WORKSPACE = 'default';

/** Whose usage of a key in a workspace is: the key's team before the workspace's; null: nobody's. */
export type TeamOfPlace = (apiKeyId: string | null, workspaceId: string | null) => string | null;

export function teamOfPlace(teams: readonly Team[]): TeamOfPlace {
  const ofKey = new Map(teams.flatMap(({ id, apiKeys = [] }) => apiKeys.map((key) => [key, id])));
  const ofWorkspace = new Map(
    teams.flatMap(({ id, workspaces = [] }) => workspaces.map((workspace) => [workspace, id])),
  );
  return (apiKeyId, workspaceId) => ofKey.get(apiKeyId ?? '') ?? ofWorkspace.get(workspaceId ?? '') ?? null;
}
