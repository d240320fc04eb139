import { availableNanoUsd, budgetBar, budgetTable, toTextTable } from '@tallygate/report';
import {
  type Balance,
  describeMode,
  describeOutagePolicy,
  describeOverage,
  describePeriod,
  describeReset,
  describeScope,
  formatUsd,
  isoFromMs,
  nearestName,
  type Period,
  TallygateError,
  usdFromNano,
} from '@tallygate/usage';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from './context.ts';
import { widthOf } from './report-command.ts';
import { loadFor, withRuntime } from './with-runtime.ts';

/** `tallygate budgets list`: every budget in its current period. */
export async function budgetsListCommand(
  context: CliContext,
  options: GlobalOptions,
): Promise<CommandOutcome> {
  return withRuntime(context, loadFor(context, options), async ({ gate, organization }) => {
    const balances = await gate.balances();
    if (balances.length === 0)
      say(context, 'There are no budgets. Write them in tallygate.yaml, then run "tallygate apply".');
    return {
      exitCode: 0,
      document: { schema: 'tallygate.budgets/1', organization, budgets: balances.map(balanceDocument) },
      text: balances.length === 0 ? '' : toTextTable(budgetTable(balances), widthOf(context)),
    };
  });
}

/** `tallygate budgets show <id>`: one budget in full. */
export async function budgetsShowCommand(
  context: CliContext,
  options: GlobalOptions,
  id: string,
): Promise<CommandOutcome> {
  return withRuntime(context, loadFor(context, options), async ({ gate, organization }) => {
    const balances = await gate.balances();
    const balance = balances.find(({ budget }) => budget.id === id);
    if (!balance)
      throw unknownBudget(
        id,
        balances.map(({ budget }) => budget),
      );
    return {
      exitCode: 0,
      document: { schema: 'tallygate.budget/1', organization, budget: balanceDocument(balance) },
      text: describeBalance(balance),
    };
  });
}

export function unknownBudget(id: string, budgets: readonly { id: string }[]): TallygateError {
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
    period: budget.period,
    timeZone: budget.timeZone,
    periodStart: isoFromMs(balance.periodStartMs),
    periodEnd: isoFromMs(balance.periodEndMs),
    limitUsd: usdFromNano(budget.limit),
    spentUsd: usdFromNano(balance.spent),
    heldUsd: usdFromNano(balance.held),
    availableUsd: usdFromNano(availableNanoUsd(balance)),
    mode: budget.mode ?? 'enforce',
    ...(budget.overageBasisPoints === undefined ? {} : { overage: describeOverage(budget) }),
    onOutage: budget.onOutage,
    ...(budget.allowanceNanoUsd === undefined ? {} : { allowanceUsd: usdFromNano(budget.allowanceNanoUsd) }),
  };
}

function describeBalance(balance: Balance): string {
  const { budget, spent, held } = balance;
  const period: Period = { unit: budget.period, startMs: balance.periodStartMs, endMs: balance.periodEndMs };
  const facts: readonly (readonly [string, string])[] = [
    ['Budget', budget.id],
    ['For', describeScope(budget.scope)],
    [
      'Period',
      `${describePeriod(period, budget.timeZone)}, resets ${describeReset(period, budget.timeZone)}`,
    ],
    ['Limit', `${formatUsd(budget.limit)}, ${describeMode(budget)}`],
    ['Spent', formatUsd(spent)],
    ['Held', formatUsd(held)],
    ['Available', formatUsd(availableNanoUsd(balance))],
    ['Used', budgetBar(balance)],
    ['In an outage', describeOutagePolicy(budget)],
  ];
  return facts.map(([name, value]) => `${name.padEnd(14)}${value}\n`).join('');
}
