import { UNASSIGNED } from './attribution.ts';
import type { ConfigurationSnapshot } from './configuration.ts';
import { AttributionError } from './denial.ts';
import { nearestName } from './nearest.ts';

type Registry = Pick<ConfigurationSnapshot, 'teams' | 'unknownTeams'>;

/** Snapshots are immutable values: the index of each is built once, so that a call costs one lookup. */
const indexes = new WeakMap<Registry, Map<string, string>>();

/**
 * The id of the team that a call is charged to, from the id or alias that the caller named (surrounding blanks ignored).
 * Where the registry does not list it, `unknownTeams` decides: "unassigned" charges `UNASSIGNED`, "refuse" throws.
 * A registry without any team knows nothing to refuse by: with "unassigned", names are then taken as they are, so that an
 * application can be metered by team before anyone has written a registry.
 *
 * @throws AttributionError `TALLYGATE_ATTRIBUTION_MISSING` when none is named, `TALLYGATE_ATTRIBUTION_REFUSED` when the
 * named one is not listed; both only with `unknownTeams: refuse`.
 */
export function resolveTeam(registry: Registry, named: string | null | undefined): string {
  const name = named?.trim() ?? '';
  const known = indexOf(registry).get(name);
  if (known !== undefined) return known;
  if (registry.unknownTeams === 'refuse') throw refusal(registry, name);
  return registry.teams.length === 0 && name !== '' ? name : UNASSIGNED;
}

function indexOf(registry: Registry): Map<string, string> {
  const cached = indexes.get(registry);
  if (cached) return cached;
  const index = new Map<string, string>();
  for (const team of registry.teams) for (const alias of team.aliases) index.set(alias, team.id);
  // Ids last: should an alias ever equal the id of another team, the id wins.
  for (const team of registry.teams) index.set(team.id, team.id);
  indexes.set(registry, index);
  return index;
}

function refusal(registry: Registry, name: string): AttributionError {
  if (name === '')
    return new AttributionError('TALLYGATE_ATTRIBUTION_MISSING', 'The call names no team to charge.');
  const near = nearestName(name, indexOf(registry).keys());
  const hint = near === null ? '' : ` Did you mean "${near}"?`;
  return new AttributionError('TALLYGATE_ATTRIBUTION_REFUSED', `Team "${name}" is not listed.${hint}`);
}
