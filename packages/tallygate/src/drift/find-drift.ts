/** Does the gate count what the ledger holds? Per budget period: c = Σ settlements, and no number missing between them. */
import { partKey, periodKey } from '@tallygate/gate';
import {
  type Balance,
  type BudgetGate,
  type BudgetName,
  type Clock,
  isRolling,
  partMsOf,
  partsInWindow,
  type SettledTotal,
  type SettlementGap,
  type SpendHistory,
  valueOfBudget,
} from '@tallygate/usage';
import { valuesOfBudgets } from '../budgets-of-values.ts';

export interface BudgetDrift {
  balance: Balance;
  /** `<budget>:<unit>:<period start>`, and `:<value>` of a budget with `each`. */
  key: string;
  settled: bigint;
  /** Gate minus ledger. */
  difference: bigint;
  /** moving: it was charged while it was looked at, every time; nothing can be said. */
  state: 'exact' | 'drift' | 'moving';
}

export interface DriftReport {
  budgets: BudgetDrift[];
  /** Numbers that were given out long enough ago to have arrived. */
  gaps: SettlementGap[];
}

export interface DriftSources {
  organization: string;
  gate: Pick<BudgetGate, 'balances' | 'configuration' | 'nowMs'>;
  history: Pick<SpendHistory, 'settledTotals' | 'settlementGaps'>;
  clock: Clock;
  /** Ships what this process still has. */
  flush(): Promise<unknown>;
}

/** How far back gaps are looked for: the longest period, and what is settled into it late. */
const LOOK_BACK_MS = 35 * 86_400_000;
/** A settlement is on its way until then: sealed, shipped, adopted from a process that died. */
const HORIZON_MS = 600_000;
const LOOKS = 3;
/** Of each budget with `each`, those that were charged most; what is missing of the others shows in the gaps. */
const VALUES_COMPARED = 100;

export async function findDrift(sources: DriftSources): Promise<DriftReport> {
  const { organization, history, clock } = sources;
  let budgets = await look(sources);
  for (let again = 1; again < LOOKS && budgets.some(({ state }) => state !== 'exact'); again += 1) {
    budgets = sameTwice(budgets, await look(sources));
  }
  const nowMs = clock.nowMs();
  const range = { organization, fromMs: nowMs - LOOK_BACK_MS, toMs: nowMs };
  const gaps = await history.settlementGaps(range);
  return { budgets, gaps: gaps.filter((gap) => gap.afterMs < nowMs - HORIZON_MS) };
}

/** The gate before and after the ledger: where both agree, the ledger was read at a moment when the counter stood still. */
async function look(sources: DriftSources): Promise<BudgetDrift[]> {
  const { gate, flush } = sources;
  const values = (await valuesOfBudgets(sources, VALUES_COMPARED)).flatMap(({ shown }) => shown);
  const before = await balancesWith(gate, values);
  await flush();
  const totals = await totalsWith(sources, values);
  const after = new Map((await balancesWith(gate, values)).map((balance) => [keyOf(balance), balance.spent]));
  const sums = new Map(totals.map((total) => [total.key, total.amount]));
  return before.map((balance) => {
    const key = keyOf(balance);
    const settled = keysOf(balance).reduce((sum, part) => sum + (sums.get(part) ?? 0n), 0n);
    const difference = balance.spent - settled;
    const stoodStill = after.get(key) === balance.spent;
    const state = difference === 0n && stoodStill ? 'exact' : stoodStill ? 'drift' : 'moving';
    return { balance, key, settled, difference, state };
  });
}

/** A difference that changes is one of rows on their way; the one that stays is drift. */
function sameTwice(first: readonly BudgetDrift[], second: readonly BudgetDrift[]): BudgetDrift[] {
  return second.map((now) => {
    const then = first.find(({ key }) => key === now.key);
    const isSame = then?.state === 'drift' && then.difference === now.difference;
    return now.state === 'drift' && !isSame ? { ...now, state: 'moving' } : now;
  });
}

async function balancesWith(gate: DriftSources['gate'], values: readonly Balance[]): Promise<Balance[]> {
  const balances = await gate.balances();
  return values.length === 0 ? balances : [...balances, ...(await gate.balances(values.map(nameOf)))];
}

async function totalsWith(
  { history, organization }: DriftSources,
  values: readonly Balance[],
): Promise<SettledTotal[]> {
  const { totals } = await history.settledTotals(organization);
  if (values.length === 0) return totals;
  const ofValues = await history.settledTotals(organization, { keys: values.map(keyOf) });
  return [...totals, ...ofValues.totals];
}

function nameOf({ budget }: Balance): BudgetName {
  const value = valueOfBudget(budget);
  return value === null ? { budgetId: budget.id } : { budgetId: budget.id, value };
}

/** Of a rolling window every part that counts. */
function keysOf(balance: Balance): string[] {
  const key = keyOf(balance);
  const { period } = balance.budget;
  if (!isRolling(period)) return [key];
  return partsInWindow(balance.periodStartMs, partMsOf(period)).map((startMs) => partKey(key, startMs));
}

function keyOf({ budget, periodStartMs }: Balance): string {
  return periodKey(budget, periodStartMs);
}
