import {
  allowanceOf,
  type Budget,
  type ConfigurationSnapshot,
  describeCover,
  describeMode,
  describeOutagePolicy,
  describeScope,
  describeUnit,
  describeVelocity,
  type Feature,
  FINANCE_DEFAULTS,
  type Finance,
  formatAmount,
  formatUsd,
  TallygateError,
  type Team,
  toWireJson,
} from '@tallygate/usage';
import { contractDetails, contractEntries, requireModels } from './contract-prices.ts';
import type { DesiredConfiguration } from './file.ts';
import { describeAlerts } from './file-alerts.ts';
import { describeLadder, requireLadderModels } from './ladders.ts';

/** One difference, with both sides whole (null: not there) and what a person should read about it. */
export interface PlannedChange {
  action: 'add' | 'change' | 'remove';
  kind: 'team' | 'budget' | 'pool' | 'feature' | 'contract price' | 'price' | 'override' | 'setting';
  id: string;
  before: unknown;
  after: unknown;
  details: string[];
}

/** What `applyPlan` would publish, computed against exactly one live version. */
export interface Plan {
  before: ConfigurationSnapshot;
  /**
   * Version is that of `before` plus one, or `before` itself where nothing changes. The price book and overrides are carried over:
   * the file does not hold them.
   */
  after: ConfigurationSnapshot;
  /** Empty: the live configuration is what the file asks for. */
  changes: PlannedChange[];
}

/**
 * Compares the live configuration with the desired one. Pure; order of teams, budgets, aliases and tags means nothing.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` when the file names another organization than the live one, a contract
 * price or a ladder a model that the live price book does not know, or a ladder a dearer model than the one before.
 */
export function planChanges(live: ConfigurationSnapshot, desired: DesiredConfiguration): Plan {
  refuseOtherOrganization(live, desired);
  const { providerOrganizations: _here, ...published } = desired;
  const after: ConfigurationSnapshot = {
    ...published,
    version: live.version + 1,
    organization: live.organization,
    priceBook: live.priceBook,
    ...(live.overrides === undefined ? {} : { overrides: live.overrides }),
  };
  requireLadderModels(live, after);
  const changes = [
    ...settingChanges(live, after),
    ...entryChanges('team', live.teams, after.teams, teamDetails),
    ...financeChanges(live, after),
    ...entryChanges('budget', live.budgets.filter(isBudget), after.budgets.filter(isBudget), budgetDetails),
    ...entryChanges('pool', live.budgets.filter(isPool), after.budgets.filter(isPool), budgetDetails),
    ...entryChanges('feature', live.features ?? [], after.features ?? [], featureDetails),
    ...contractChanges(live, after),
  ];
  return changes.length === 0 ? { before: live, after: live, changes } : { before: live, after, changes };
}

const SIGNS = { add: '+', change: '~', remove: '-' } as const;

/** One line per change, details indented below it. */
export function describePlan(plan: Plan): string[] {
  if (plan.changes.length === 0)
    return [`No changes: version ${plan.before.version} is what the file asks for.`];
  return plan.changes.flatMap(({ action, kind, id, details }) => [
    `${SIGNS[action]} ${kind} ${id}`,
    ...details.map((detail) => `    ${detail}`),
  ]);
}

function refuseOtherOrganization(live: ConfigurationSnapshot, desired: DesiredConfiguration): void {
  if (desired.organization === null || desired.organization === live.organization) return;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `The file is for organization ${desired.organization}, the gate serves ${live.organization}.`,
    cure: 'Correct "organization" in the file, or name the right one with --organization.',
  });
}

const SETTINGS_COMPARED = ['unknownTeams', 'tagAllowList', 'unpricedModels'] as const;

function settingChanges(live: ConfigurationSnapshot, after: ConfigurationSnapshot): PlannedChange[] {
  return SETTINGS_COMPARED.filter((name) => !same(live[name], after[name])).map((name) => ({
    action: 'change' as const,
    kind: 'setting' as const,
    id: name,
    before: live[name],
    after: after[name],
    details: [`${show(live[name])} → ${show(after[name])}`],
  }));
}

function financeChanges(live: ConfigurationSnapshot, after: ConfigurationSnapshot): PlannedChange[] {
  const [was, will] = [
    { ...FINANCE_DEFAULTS, ...live.finance },
    { ...FINANCE_DEFAULTS, ...after.finance },
  ];
  const details = fieldChanges(was, will, FINANCE_FIELDS);
  if (details.length === 0) return [];
  const sides = { before: live.finance ?? null, after: after.finance ?? null };
  return [{ action: 'change', kind: 'setting', id: 'finance', ...sides, details }];
}

const FINANCE_FIELDS = Object.keys(FINANCE_DEFAULTS) as (keyof Finance)[];

function contractChanges(live: ConfigurationSnapshot, after: ConfigurationSnapshot): PlannedChange[] {
  const [before, wanted] = [contractEntries(live), contractEntries(after)];
  const changes = entryChanges('contract price', before, wanted, contractDetails);
  // Only where they change: prices that cannot be read must not keep a budget from being applied.
  if (changes.length > 0) requireModels(live.priceBook, wanted);
  return changes;
}

function entryChanges<Entry extends { id: string }>(
  kind: 'team' | 'budget' | 'pool' | 'feature' | 'contract price',
  before: Entry[],
  after: Entry[],
  describe: (before: Entry | null, after: Entry | null) => string[],
): PlannedChange[] {
  const ids = new Set([...before, ...after].map(({ id }) => id));
  return [...ids].sort().flatMap((id) => {
    const was = before.find((entry) => entry.id === id) ?? null;
    const will = after.find((entry) => entry.id === id) ?? null;
    if (same(was, will)) return [];
    const action = was === null ? 'add' : will === null ? 'remove' : 'change';
    return [{ action, kind, id, before: was, after: will, details: describe(was, will) }];
  });
}

function isPool(budget: Budget): boolean {
  return budget.isPool === true;
}

function isBudget(budget: Budget): boolean {
  return !isPool(budget);
}

function teamDetails(before: Team | null, after: Team | null): string[] {
  if (before === null || after === null) {
    const team = before ?? after;
    const aliases = team?.aliases.length ? `, also ${team.aliases.join(', ')}` : '';
    return team ? [`${team.name}${aliases}`] : [];
  }
  return fieldChanges(before, after, [
    'name',
    'aliases',
    'costCentre',
    'owners',
    'apiKeys',
    'workspaces',
    'charging',
  ]);
}

function budgetDetails(before: Budget | null, after: Budget | null): string[] {
  if (before === null) return after ? [summary(after)] : [];
  if (after === null)
    return [summary(before), 'What it has spent stays in the ledger; nothing is denied by it any more.'];
  const changes = fieldChanges(before, after, BUDGET_FIELDS);
  const limit = wordChange('limit', limitOf(before), limitOf(after));
  const allowance = wordChange('allowance', allowanceTextOf(before), allowanceTextOf(after));
  const mode = wordChange('mode', describeMode(before), describeMode(after));
  const ladder = wordChange('ladder', describeLadder(before.ladder), describeLadder(after.ladder));
  const alerts = wordChange('alerts', describeAlerts(before.alerts), describeAlerts(after.alerts));
  const velocity = wordChange('velocity', breakerOf(before), breakerOf(after));
  const told = [...limit, ...changes, ...allowance, ...mode, ...ladder, ...alerts, ...velocity];
  return [...told, ...countingNotes(before, after)];
}

function allowanceTextOf(budget: Budget): string {
  return budget.onOutage === 'allowance' ? formatAmount(allowanceOf(budget), budget.measure) : 'none';
}

function breakerOf({ velocity }: Budget): string {
  return velocity === undefined ? 'none' : describeVelocity(velocity);
}

function limitOf({ limit, measure }: Budget): string {
  return formatAmount(limit, measure);
}

function wordChange(name: string, was: string, will: string): string[] {
  return was === will ? [] : [`${name}: ${was} → ${will}`];
}

const BUDGET_FIELDS = ['scope', 'each', 'period', 'timeZone', 'onOutage'] as const;

/** Spend is counted per budget id and period start: what that means for a change must be read before it is made. */
function countingNotes(before: Budget, after: Budget): string[] {
  if (before.measure !== after.measure)
    return ['It begins at zero: what was counted in the old measure is not carried over.'];
  if (before.period !== after.period || before.timeZone !== after.timeZone)
    return ['Its current period begins anew: what was spent in the old one is not carried over.'];
  if (before.each !== after.each)
    return ['It is counted anew: what was spent in the current period is not carried over.'];
  if (!same(before.scope, after.scope))
    return [
      'What was spent under the old scope keeps counting until the period ends; a new id would begin at zero.',
    ];
  return [];
}

function summary(budget: Budget): string {
  const { period, timeZone } = budget;
  const ladder = budget.ladder === undefined ? '' : `; when full: ${describeLadder(budget.ladder)}`;
  const breaker = budget.velocity === undefined ? '' : `; ${describeVelocity(budget.velocity)}`;
  const alerts = budget.alerts === undefined ? '' : `; alerts ${describeAlerts(budget.alerts)}`;
  const whole = `${limitOf(budget)} per ${describeUnit(period)} (${timeZone}) for ${describeCover(budget)}; ${describeMode(budget)}`;
  const inOutage = isPool(budget) ? '' : `; in an outage ${describeOutagePolicy(budget)}`;
  return `${whole}${inOutage}${ladder}${alerts}${breaker}`;
}

function featureDetails(before: Feature | null, after: Feature | null): string[] {
  if (before === null || after === null) {
    const feature = before ?? after;
    return feature ? [describeLeaving(feature)] : [];
  }
  return [`was ${describeLeaving(before)}`, `now ${describeLeaving(after)}`];
}

function describeLeaving({ onLeave, drainSeconds, drainMegabytes }: Feature): string {
  if (onLeave === 'cut') return 'cut when its caller leaves';
  return `drained when its caller leaves, for at most ${drainSeconds} s and ${drainMegabytes} MB`;
}

function fieldChanges<Entry>(
  before: Entry,
  after: Entry,
  fields: readonly (keyof Entry & string)[],
): string[] {
  return fields
    .filter((field) => !same(before[field], after[field]))
    .map((field) => `${NAMES[field] ?? field}: ${show(before[field])} → ${show(after[field])}`);
}

const NAMES: Record<string, string> = {
  clearingAccount: 'clearing account',
  clearingCostCentre: 'clearing cost centre',
  costCentre: 'cost centre',
  expenseAccount: 'expense account',
  timeZone: 'time zone',
  toleranceUsd: 'tolerance in USD',
  unallocatedCostCentre: 'unallocated cost centre',
};

function show(value: unknown): string {
  if (typeof value === 'bigint') return formatUsd(value);
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return 'none';
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' ? describeMap(value) : String(value);
}

function describeMap(value: object): string {
  return 'like' in value ? `like ${String(value.like)}` : describeScope(value);
}

/** Equal by value; lists are sets here, and the order of fields means nothing. */
function same(left: unknown, right: unknown): boolean {
  return toWireJson(canonical(left)) === toWireJson(canonical(right));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => toWireJson(canonical(item))).sort();
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(
    // The steps of a ladder are taken in their order.
    ([key, item]) => [key, key === 'ladder' ? toWireJson(item) : canonical(item)] as const,
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
