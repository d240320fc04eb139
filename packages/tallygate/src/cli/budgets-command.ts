import { availableIn, budgetBar, budgetTable, toTextTable } from '@tallygate/report';
import {
  allowanceOf,
  amountFields,
  type Balance,
  type Budget,
  DEFAULT_ALERTS,
  describeCover,
  describeMode,
  describeOutagePolicy,
  describeOverage,
  describePeriod,
  describeReset,
  describeVelocity,
  formatAmount,
  isoFromMs,
  nearestName,
  type Period,
  TallygateError,
  usdFromNano,
  type Velocity,
} from '@tallygate/usage';
import { type ValuesOfBudget, valuesOfBudgets } from '../budgets-of-values.ts';
import { describeAlerts } from '../configuration/file-alerts.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { widthOf } from './report-command.ts';
import { loadFor, withRuntime } from './with-runtime.ts';

const VALUES_SHOWN = 10;

/** `tallygate budgets list`: every budget in its current period; of those with `each` the values that were charged most. */
export async function budgetsListCommand(
  context: CliContext,
  options: GlobalOptions,
): Promise<CommandOutcome> {
  return withRuntime(context, loadFor(context, options), async ({ gate, history, organization }) => {
    const ofValues = await valuesOfBudgets({ gate, history, organization }, VALUES_SHOWN);
    const balances = [...(await gate.balances()), ...ofValues.flatMap(({ shown }) => shown)];
    if (balances.length === 0 && ofValues.length === 0)
      say(context, 'There are no budgets. Write them in tallygate.yaml, then run "tallygate apply".');
    for (const values of ofValues) say(context, describeValues(values));
    return {
      exitCode: 0,
      document: {
        schema: 'tallygate.budgets/1',
        organization,
        budgets: balances.map(balanceDocument),
        each: ofValues.map(valuesDocument),
      },
      text: balances.length === 0 ? '' : toTextTable(budgetTable(balances), widthOf(context)),
    };
  });
}

export interface ShowOptions extends GlobalOptions {
  value?: string;
}

/** `tallygate budgets show <id>`: one budget in full. */
export async function budgetsShowCommand(
  context: CliContext,
  options: ShowOptions,
  id: string,
): Promise<CommandOutcome> {
  return withRuntime(context, loadFor(context, options), async ({ gate, organization }) => {
    const { budgets } = await gate.configuration();
    const value = valueFor(budgets, id, options.value);
    if (value === undefined) requireOne(budgets, id);
    const [balance] = await gate.balances([value === undefined ? { budgetId: id } : { budgetId: id, value }]);
    if (!balance) throw unknownBudget(id, budgets);
    return {
      exitCode: 0,
      document: { schema: 'tallygate.budget/1', organization, budget: balanceDocument(balance) },
      text: describeBalance(balance),
    };
  });
}

/** What `--value` names; undefined where a budget is meant, or all that one with `each` stands for. */
export function valueFor(
  budgets: readonly Budget[],
  id: string,
  value: string | undefined,
): string | undefined {
  const budget = budgets.find((known) => known.id === id);
  if (budget === undefined) throw unknownBudget(id, budgets);
  if (value === undefined || budget.each !== undefined) return value;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `Budget "${id}" is one, and not one for each value.`,
    cure: 'Leave --value out.',
  });
}

function requireOne(budgets: readonly Budget[], id: string): void {
  const each = budgets.find((known) => known.id === id)?.each;
  if (each === undefined) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `Budget "${id}" is one for each ${each}.`,
    cure: `Name the ${each} with --value; "tallygate budgets list" shows those that were charged most.`,
  });
}

function describeValues({ budget: { id, each }, count, shown }: ValuesOfBudget): string {
  if (count === null) return `${id} is one for each ${each}: without a ledger nobody knows which there are.`;
  if (count === 0) return `${id} is one for each ${each}: none was charged in this period.`;
  return `${id} is one for each ${each}: of ${count} that were charged, ${shown.length} are shown, the dearest.`;
}

function valuesDocument({ budget, count, shown }: ValuesOfBudget): Record<string, unknown> {
  return { id: budget.id, each: budget.each, charged: count, shown: shown.length };
}

function unknownBudget(id: string, budgets: readonly { id: string }[]): TallygateError {
  const near = nearestName(
    id,
    budgets.map((budget) => budget.id),
  );
  return new TallygateError('TALLYGATE_BUDGET_UNKNOWN', {
    message: `There is no budget "${id}".`,
    ...(near === null ? {} : { cure: `Did you mean ${near}?` }),
  });
}

function balanceDocument(balance: Balance): Record<string, unknown> {
  const { budget } = balance;
  return {
    id: budget.id,
    scope: budget.scope,
    ...(budget.each === undefined ? {} : { each: budget.each }),
    ...(budget.isPool === undefined ? {} : { isPool: budget.isPool }),
    ...(budget.pool === undefined ? {} : { pool: budget.pool }),
    period: budget.period,
    timeZone: budget.timeZone,
    periodStart: isoFromMs(balance.periodStartMs),
    periodEnd: isoFromMs(balance.periodEndMs),
    ...amountFields(
      { limit: budget.limit, spent: balance.spent, held: balance.held, available: availableIn(balance) },
      budget.measure,
    ),
    mode: budget.mode ?? 'enforce',
    ...(budget.overageBasisPoints === undefined ? {} : { overage: describeOverage(budget) }),
    onOutage: budget.onOutage,
    ...(budget.onOutage === 'allowance'
      ? amountFields({ allowance: allowanceOf(budget) }, budget.measure)
      : {}),
    alertPercents: budget.alerts ?? DEFAULT_ALERTS,
    ...(budget.velocity === undefined ? {} : { velocity: velocityDocument(budget.velocity) }),
  };
}

function velocityDocument({ floorNanoUsd, times, pauseMinutes }: Velocity): Record<string, unknown> {
  return { floorUsd: usdFromNano(floorNanoUsd), times, pauseMinutes };
}

function describeBalance(balance: Balance): string {
  const { budget, spent, held } = balance;
  const { measure } = budget;
  const period: Period = { unit: budget.period, startMs: balance.periodStartMs, endMs: balance.periodEndMs };
  const facts: readonly (readonly [string, string])[] = [
    ['Budget', budget.id],
    ['For', describeCover(budget)],
    [
      'Period',
      `${describePeriod(period, budget.timeZone)}, resets ${describeReset(period, budget.timeZone)}`,
    ],
    ['Limit', `${formatAmount(budget.limit, measure)}, ${describeMode(budget)}`],
    ['Spent', formatAmount(spent, measure)],
    ['Held', formatAmount(held, measure)],
    ['Available', formatAmount(availableIn(balance), measure)],
    ['Used', budgetBar(balance)],
    ...(budget.isPool === true ? [] : [['In an outage', describeOutagePolicy(budget)] as const]),
    ['Alerts', describeAlerts(budget.alerts)],
    ...(budget.velocity === undefined ? [] : [['Velocity', describeVelocity(budget.velocity)] as const]),
  ];
  return facts.map(([name, value]) => `${name.padEnd(14)}${value}\n`).join('');
}
