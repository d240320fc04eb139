import type { AdminApi, OrganizationApiKey, OrganizationWorkspace } from '@tallygate/admin-api';
import type { Team } from '@tallygate/usage';
import { DEFAULT_WORKSPACE, type TeamOfPlace, teamOfPlace } from '../allocation/index.ts';
import { bySize, type ReportedFigures, type ReportedLine } from './bill.ts';
import { sumLines } from './join-lines.ts';

/** The provider's keys and workspaces by their names, and the teams whose they are. */
export interface Owners {
  nameOfKey(apiKeyId: string | null): string;
  nameOfWorkspace(workspaceId: string | null): string;
  teamOf: TeamOfPlace;
}

export async function readOwners(
  adminApi: Pick<AdminApi, 'apiKeys' | 'workspaces'>,
  teams: readonly Team[],
): Promise<Owners> {
  const keys = byId((await adminApi.apiKeys()) ?? []);
  const workspaces = byId((await adminApi.workspaces()) ?? []);
  const teamOf = teamOfPlace(teams);
  return {
    nameOfKey: (id) => (id === null ? 'no key' : keyName(id, keys.get(id))),
    nameOfWorkspace: (id) => workspaceName(id, workspaces),
    teamOf: (apiKeyId, workspaceId) => teamOf(apiKeyId, workspaceId ?? DEFAULT_WORKSPACE),
  };
}

function byId<Thing extends { id: string }>(things: readonly Thing[]): Map<string, Thing> {
  return new Map(things.map((thing) => [thing.id, thing]));
}

function keyName(id: string, key: OrganizationApiKey | undefined): string {
  const name = key?.name ?? null;
  return name === null || name === id ? id : `${name} (${id})`;
}

function workspaceName(id: string | null, workspaces: ReadonlyMap<string, OrganizationWorkspace>): string {
  if (id === null) return DEFAULT_WORKSPACE;
  const name = workspaces.get(id)?.name ?? id;
  return name === id ? id : `${name} (${id})`;
}

/** A key or a workspace that no team has, and what it used. */
export interface Unowned {
  kind: 'key' | 'workspace';
  id: string | null;
  name: string;
  figures: ReportedFigures;
}

/** Of lines by key and workspace: what belongs to nobody, the dearest first. Usage without a key is its workspace's. */
export function unownedOf(lines: readonly ReportedLine[], owners: Owners): Unowned[] {
  const unowned = new Map<string, { first: Omit<Unowned, 'figures'>; lines: ReportedLine[] }>();
  for (const line of lines) {
    const { api_key_id: apiKeyId = null, workspace_id: workspaceId = null } = line.group;
    if (owners.teamOf(apiKeyId, workspaceId) !== null) continue;
    const first: Omit<Unowned, 'figures'> =
      apiKeyId === null
        ? { kind: 'workspace', id: workspaceId, name: owners.nameOfWorkspace(workspaceId) }
        : { kind: 'key', id: apiKeyId, name: owners.nameOfKey(apiKeyId) };
    const key = JSON.stringify([first.kind, first.id]);
    const known = unowned.get(key) ?? { first, lines: [] };
    unowned.set(key, { first, lines: [...known.lines, line] });
  }
  return [...unowned.values()]
    .map(({ first, lines: own }) => ({ ...first, figures: sumLines(own) }))
    .sort((left, right) => bySize(left.figures, right.figures));
}
