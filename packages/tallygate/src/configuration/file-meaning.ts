import { livePriceBook } from '@tallygate/pricing';
import {
  type Budget,
  type BudgetScope,
  nearestName,
  type PeriodUnit,
  ROLLING_MINUTES_MAX,
  rollingUnit,
  type Team,
  UNASSIGNED,
  VELOCITY_PAUSE_MINUTES_MAX,
  VELOCITY_TIMES_MAX,
} from '@tallygate/usage';
import { alertsFrom } from './file-alerts.ts';
import { ladderFrom } from './file-ladder.ts';
import { amountFrom, knownZone, limitFrom, measureIn, overageFrom } from './file-limits.ts';
import { poolFrom } from './file-pools.ts';
import { ALLOWANCE_CURE, FIELD_CURES, type FileContent } from './file-schema.ts';
import type { LocatedDocument, Path } from './yaml-document.ts';

/**
 * What a well-shaped file means: amounts, zones, and names that must be unique or must exist. Each check throws at the
 * value that is wrong, not at the one that it clashes with.
 */
export function teamsFrom(content: FileContent, document: LocatedDocument): Team[] {
  const owners = new Map<string, string>();
  for (const [index, { id }] of content.teams.entries()) claimId(owners, id, index, document);
  for (const [index, team] of content.teams.entries())
    for (const [position, alias] of team.aliases.entries())
      claimAlias(owners, alias, team.id, ['teams', index, 'aliases', position], document);
  requireOneTeam(content, 'apiKeys', document);
  requireOneTeam(content, 'workspaces', document);
  return content.teams.map((team) => ({
    id: team.id,
    name: team.name ?? team.id,
    aliases: team.aliases,
    costCentre: team.costCentre ?? null,
    owners: team.owners,
    ...(team.apiKeys.length === 0 ? {} : { apiKeys: team.apiKeys }),
    ...(team.workspaces.length === 0 ? {} : { workspaces: team.workspaces }),
    ...(team.charging ? { charging: team.charging } : {}),
  }));
}

/** Usage on a key of two teams would be charged to whichever is listed first. */
function requireOneTeam(
  content: FileContent,
  field: 'apiKeys' | 'workspaces',
  document: LocatedDocument,
): void {
  const owners = new Map<string, string>();
  for (const [index, team] of content.teams.entries())
    for (const [position, id] of team[field].entries()) {
      const owner = owners.get(id);
      if (owner !== undefined)
        throw document.invalid(
          ['teams', index, field, position],
          `"${id}" is already listed at team ${owner}`,
          'Leave it to one team.',
        );
      owners.set(id, team.id);
    }
}

function claimId(owners: Map<string, string>, id: string, index: number, document: LocatedDocument): void {
  const path = ['teams', index, 'id'];
  if (id === UNASSIGNED)
    throw document.invalid(path, `"${id}" is the name for calls without a team`, 'Choose another id.');
  if (owners.has(id)) throw document.invalid(path, `"${id}" is listed twice`, 'Give each team its own id.');
  owners.set(id, id);
}

function claimAlias(
  owners: Map<string, string>,
  alias: string,
  teamId: string,
  path: Path,
  document: LocatedDocument,
): void {
  const owner = owners.get(alias);
  if (alias === UNASSIGNED || owner !== undefined) {
    const problem = `"${alias}" already stands for ${owner === undefined ? 'calls without a team' : `team ${owner}`}`;
    throw document.invalid(path, problem, 'Leave the alias to one team.');
  }
  owners.set(alias, teamId);
}

export function budgetsFrom(content: FileContent, teams: Team[], document: LocatedDocument): Budget[] {
  const seen = new Set<string>();
  return content.budgets.map((budget, index) => {
    const at = (...steps: string[]): Path => ['budgets', index, ...steps];
    if (seen.has(budget.id))
      throw document.invalid(at('id'), `"${budget.id}" is listed twice`, 'Give each budget its own id.');
    seen.add(budget.id);
    requireListedTeam(budget.scope.team, teams, at('scope', 'team'), document);
    requirePlainModel(budget.scope.model, at('scope', 'model'), document);
    requirePseudonym(budget.scope.user, at('scope', 'user'), document);
    requireSeveralValues(budget, at('each'), document);
    const ladder = ladderFrom(budget.ladder, at('ladder'), document);
    return {
      id: budget.id,
      scope: definedOnly(budget.scope),
      ...(budget.each === undefined ? {} : { each: budget.each }),
      period: periodFrom(budget, index, document),
      timeZone: knownZone(budget.timeZone, at('timeZone'), document),
      ...limitFrom(budget.limit, at('limit'), document),
      ...poolFrom(budget, at('pool'), content, document),
      ...(budget.mode === undefined ? {} : { mode: budget.mode }),
      ...overageFrom(budget.overage, at('overage'), document),
      onOutage: budget.onOutage,
      ...allowanceFrom(budget, at, document),
      ...(ladder.length === 0 ? {} : { ladder }),
      ...alertsFrom(budget.alerts, at('alerts'), document),
      ...velocityFrom(budget, at, document),
    };
  });
}

/** A budget of a team that nobody lists would never be charged: its calls go to `unassigned`. */
export function requireListedTeam(
  team: string | undefined,
  teams: Team[],
  path: Path,
  document: LocatedDocument,
): void {
  if (team === undefined || team === UNASSIGNED || teams.some(({ id }) => id === team)) return;
  const aliased = teams.find(({ aliases }) => aliases.includes(team));
  if (aliased)
    throw document.invalid(path, `"${team}" is an alias of team ${aliased.id}`, `Write team: ${aliased.id}.`);
  const near = nearestName(
    team,
    teams.map(({ id }) => id),
  );
  const cure = near === null ? 'List the team under teams, or correct the name.' : `Did you mean ${near}?`;
  throw document.invalid(path, `"${team}" is not listed under teams`, cure);
}

/** Calls are matched by a model's plain name, so that no alias of it gets past its budget. */
function requirePlainModel(model: string | undefined, path: Path, document: LocatedDocument): void {
  const { modelsByName } = livePriceBook(null);
  if (model === undefined || modelsByName.get(model)?.priced.model === model) return;
  const plain = modelsByName.get(model)?.priced.model;
  if (plain !== undefined)
    throw document.invalid(path, `"${model}" is another name of ${plain}`, `Write model: ${plain}.`);
  const near = nearestName(model, [...modelsByName.keys()]);
  // A model that is newer than this version may still be budgeted; a slip of the pen would never be charged.
  if (near !== null) throw document.invalid(path, `"${model}" is not a known model`, `Did you mean ${near}?`);
}

/** Only the pseudonym is known where budgets are checked; a raw id would never match, and would stand in the configuration. */
function requirePseudonym(user: string | undefined, path: Path, document: LocatedDocument): void {
  if (user === undefined || /^[A-Za-z0-9_-]{22}$/.test(user)) return;
  const cure = 'Write the pseudonym that "tallygate report --by user" shows.';
  throw document.invalid(path, `"${user}" is no pseudonym of a user`, cure);
}

const MINUTES = { m: 1, h: 60, d: 1_440 };

/** A window is whole minutes long; of what each value had in each part of it nobody could say which was dearest. */
function periodFrom(
  { period, each }: FileContent['budgets'][number],
  index: number,
  document: LocatedDocument,
): PeriodUnit {
  if (typeof period === 'string') return period;
  const path: Path = ['budgets', index, 'period', 'rolling'];
  const [, count = '', unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(period.rolling) ?? [];
  const minutes = Number(count) * (MINUTES[unit as keyof typeof MINUTES] ?? 0);
  if (minutes < 1 || minutes > ROLLING_MINUTES_MAX)
    throw document.invalid(
      path,
      `"${period.rolling}" is no window`,
      FIELD_CURES['budgets.*.period.rolling'] ?? '',
    );
  if (each !== undefined)
    throw document.invalid(
      path,
      `a budget for each ${each} has no window`,
      'Write a period such as day, or leave out each.',
    );
  return rollingUnit(minutes);
}

/** What cannot be enforced is refused: amounts in tokens have no floor in USD, and above a floor of nothing everything is too fast. */
function velocityFrom(
  { velocity, limit }: FileContent['budgets'][number],
  at: (...steps: string[]) => Path,
  document: LocatedDocument,
): Pick<Budget, 'velocity'> {
  if (velocity === undefined) return {};
  if (limit.usd === undefined)
    throw document.invalid(at('velocity'), 'is for budgets in USD', 'Leave velocity out.');
  const floorNanoUsd = amountFrom(velocity.floorUsd, at('velocity', 'floorUsd'), document);
  if (floorNanoUsd === 0n)
    throw document.invalid(
      at('velocity', 'floorUsd'),
      'is nothing',
      FIELD_CURES['budgets.*.velocity.floorUsd'] ?? '',
    );
  const count = (name: 'times' | 'pauseMinutes', from: number, to: number): number => {
    const number = /^\d{1,4}$/.test(velocity[name]) ? Number(velocity[name]) : 0;
    if (number >= from && number <= to) return number;
    const cure = FIELD_CURES[`budgets.*.velocity.${name}`] ?? '';
    throw document.invalid(at('velocity', name), `"${velocity[name]}" is not from ${from} to ${to}`, cure);
  };
  const times = count('times', 2, VELOCITY_TIMES_MAX);
  const pauseMinutes = count('pauseMinutes', 1, VELOCITY_PAUSE_MINUTES_MAX);
  return { velocity: { floorNanoUsd, times, pauseMinutes } };
}

/** Of a scope that names the value there is nothing to have one budget each of. */
function requireSeveralValues(
  { scope, each }: FileContent['budgets'][number],
  path: Path,
  document: LocatedDocument,
): void {
  if (each === undefined || scope[each] === undefined) return;
  const cure = `Leave out each, or ${each} in the scope.`;
  throw document.invalid(path, `the scope is of one ${each}, "${scope[each]}"`, cure);
}

function definedOnly(scope: FileContent['budgets'][number]['scope']): BudgetScope {
  return Object.fromEntries(Object.entries(scope).filter(([, name]) => name !== undefined));
}

/** Required by the policy of its name, and refused beside any other: it would not be in force. */
function allowanceFrom(
  { onOutage, allowance, limit }: FileContent['budgets'][number],
  at: (...steps: string[]) => Path,
  document: LocatedDocument,
): Pick<Budget, 'allowanceNanoUsd' | 'allowance'> {
  if (onOutage !== 'allowance') {
    if (allowance === undefined) return {};
    throw document.invalid(
      at('allowance'),
      `belongs to onOutage: allowance, not to ${onOutage}`,
      ALLOWANCE_CURE,
    );
  }
  if (allowance === undefined) throw document.invalid(at('onOutage'), 'names no amount', ALLOWANCE_CURE);
  const { measure = 'usd', limit: amount } = limitFrom(allowance, at('allowance'), document);
  const counted = measureIn(limit);
  if (measure !== counted)
    throw document.invalid(
      at('allowance'),
      `is in ${measure}, and the limit in ${counted}`,
      'Write both in one.',
    );
  return measure === 'usd' ? { allowanceNanoUsd: amount } : { allowance: amount };
}
