import {
  allowanceOf,
  type Budget,
  type ConfigurationSnapshot,
  describeOverage,
  type Measure,
  type Team,
  UNASSIGNED,
  usdFromNano,
  type Velocity,
} from '@tallygate/usage';

/**
 * Teams, budgets and pools as a tallygate.yaml that `apply` accepts: the teams of the registry, and those that only the budgets name. Texts are
 * quoted as JSON, which YAML reads as it is.
 */
export function budgetsYaml(
  { teams }: Pick<ConfigurationSnapshot, 'teams'>,
  budgets: readonly Budget[],
): string {
  const listed = new Set([UNASSIGNED, ...teams.map(({ id }) => id)]);
  const named = new Set(budgets.flatMap(({ scope }) => scope.team ?? []));
  const unlisted = [...named].filter((id) => !listed.has(id));
  const lines = [
    'version: 1',
    'teams:',
    ...teams.map(teamLine),
    ...unlisted.map((id) => `  - { id: ${JSON.stringify(id)} }`),
    'budgets:',
    ...budgets.filter(({ isPool }) => isPool !== true).map(budgetLine),
    ...poolLines(budgets.filter(({ isPool }) => isPool === true)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** True where tallygate.yaml can list it: names come from callers, and ids are narrower. */
export function isTeamId(team: string): boolean {
  return team === UNASSIGNED || /^[a-z0-9][a-z0-9._-]{0,62}$/.test(team);
}

function teamLine({ costCentre, ...team }: Team): string {
  return `  - ${flow({ ...team, ...(costCentre === null ? {} : { costCentre }) })}`;
}

function budgetLine(budget: Budget): string {
  const { id, scope, period, timeZone, mode, pool, onOutage } = budget;
  const asked = { ...(pool === undefined ? {} : { pool }), ...(mode === undefined ? {} : { mode }) };
  const allowed = { measure: budget.measure, limit: allowanceOf(budget) };
  const allowance = onOutage === 'allowance' ? { allowance: limitOf(allowed) } : {};
  const steps = budget.ladder === undefined ? {} : { ladder: budget.ladder };
  const breaker = budget.velocity === undefined ? {} : { velocity: breakerOf(budget.velocity) };
  const fields = { id, scope, limit: limitOf(budget), period, timeZone, ...asked, ...overageOf(budget) };
  return `  - ${flow({ ...fields, onOutage, ...allowance, ...steps, ...alertsOf(budget), ...breaker })}`;
}

function poolLines(pools: readonly Budget[]): string[] {
  const lines = pools.map((pool) => {
    const { id, period, timeZone } = pool;
    const fields = { id, limit: limitOf(pool), period, timeZone, ...overageOf(pool), ...alertsOf(pool) };
    return `  - ${flow(fields)}`;
  });
  return lines.length === 0 ? [] : ['pools:', ...lines];
}

function overageOf(budget: Budget): { overage?: string } {
  return budget.overageBasisPoints === undefined ? {} : { overage: describeOverage(budget) };
}

function alertsOf({ alerts }: Budget): { alerts?: number[] } {
  return alerts === undefined ? {} : { alerts };
}

function breakerOf({ floorNanoUsd, times, pauseMinutes }: Velocity): Record<string, unknown> {
  return { floorUsd: amount(floorNanoUsd).usd, times, pauseMinutes };
}

function limitOf({
  limit,
  measure = 'usd',
}: Pick<Budget, 'limit'> & { measure?: Measure | undefined }): Record<string, string> {
  return measure === 'usd' ? amount(limit) : { [measure]: String(limit) };
}

function amount(nanoUsd: bigint): { usd: string } {
  return { usd: usdFromNano(nanoUsd).replace(/0{7}$/, '') };
}

function flow(value: Record<string, unknown>): string {
  const fields = Object.entries(value).map(([name, field]) => `${name}: ${JSON.stringify(field)}`);
  return `{ ${fields.join(', ')} }`;
}
