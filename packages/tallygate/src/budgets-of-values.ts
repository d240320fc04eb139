/** Budgets with `each`, of which there is one per value: who counts them, and which are shown. */
import { parsePeriodKey, periodKey } from '@tallygate/gate';
import {
  type Balance,
  type Budget,
  type BudgetGate,
  type BudgetName,
  periodAt,
  type SpendHistory,
  TallygateError,
} from '@tallygate/usage';

export interface ValuesOfBudget {
  budget: Budget;
  /** How many values were charged in the current period; null where no ledger answers. */
  count: number | null;
  /** Of those that were charged most, as the gate has them now. */
  shown: Balance[];
}

export interface ValuesSources {
  organization: string;
  gate: Pick<BudgetGate, 'balances' | 'configuration' | 'nowMs'>;
  history: Pick<SpendHistory, 'settledTotals'> | null;
}

/**
 * There may be a hundred thousand values, and the gate keeps no list of them: the ledger ranks them by what they were charged, and
 * the gate is asked for these alone. What was charged within the last seconds may not have reached the ledger.
 * @param atMost how many values of each budget are shown.
 */
export async function valuesOfBudgets(sources: ValuesSources, atMost: number): Promise<ValuesOfBudget[]> {
  const { budgets } = await sources.gate.configuration();
  const ofValues = budgets.filter(({ each }) => each !== undefined);
  if (ofValues.length === 0) return [];
  const nowMs = await sources.gate.nowMs();
  return Promise.all(ofValues.map((budget) => valuesOf(sources, budget, nowMs, atMost)));
}

async function valuesOf(
  { organization, gate, history }: ValuesSources,
  budget: Budget,
  nowMs: number,
  atMost: number,
): Promise<ValuesOfBudget> {
  const { startMs } = periodAt(budget.period, budget.timeZone, nowMs);
  const selection = { valuesOf: periodKey(budget, startMs), atMost };
  // What the gate says of the other budgets is worth having without the ledger.
  const found = await history?.settledTotals(organization, selection).catch(nullInOutage);
  if (!found) return { budget, count: null, shown: [] };
  const { totals, values } = found;
  const names = totals.flatMap(({ key }) => nameIn(key) ?? []);
  const shown = names.length === 0 ? [] : await gate.balances(names);
  return { budget, count: values ?? totals.length, shown };
}

function nullInOutage(error: unknown): null {
  if (TallygateError.isInstance(error) && error.code === 'TALLYGATE_LEDGER_UNAVAILABLE') return null;
  throw error;
}

function nameIn(key: string): BudgetName | null {
  const name = parsePeriodKey(key);
  return name === null || name.value === null ? null : { budgetId: name.budgetId, value: name.value };
}
