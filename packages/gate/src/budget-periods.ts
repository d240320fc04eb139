import {
  type Budget,
  type BudgetName,
  type BudgetSubject,
  budgetCovers,
  budgetOfValue,
  type ConfigurationSnapshot,
  type HoldEntry,
  periodAt,
  valueOfBudget,
  valuesOf,
} from '@tallygate/usage';
import type { Tracks } from './admission.ts';
import { periodKey } from './keys.ts';

/** A period as holds and endings carry it: what names its counter, how long that is needed, and which part of the charge it gets. */
export type PinnedPeriod = Pick<HoldEntry, 'key' | 'periodStartMs' | 'periodEndMs' | 'paysUpTo' | 'paysFrom'>;

/** A budget in the period that an instant falls into. */
export interface BudgetPeriod extends PinnedPeriod {
  budget: Budget;
  /** That of its pool at the same instant, where it has one and a call may need it. */
  pool?: BudgetPeriod;
}

/** No instant lies in it: a script that is asked for it names its own instant. */
export const UNKNOWN_PERIOD: BudgetPeriod = {
  budget: { id: 'none', scope: {}, period: 'day', timeZone: 'UTC', limit: 0n, onOutage: 'block' },
  key: 'none:day:0',
  periodStartMs: 0,
  periodEndMs: 0,
};

export type PeriodCalendar = (budget: Budget, instantMs: number) => BudgetPeriod;

/**
 * Names periods. Calendar arithmetic in a zone is slow, so the current period of each budget is kept for as long as its
 * configuration is.
 */
export function createPeriodCalendar(): PeriodCalendar {
  const current = new WeakMap<Budget, BudgetPeriod>();
  return (budget, instantMs) => {
    const known = current.get(budget);
    if (known && known.periodStartMs <= instantMs && instantMs < known.periodEndMs) return known;
    const { startMs, endMs } = periodAt(budget.period, budget.timeZone, instantMs);
    const period = { budget, key: periodKey(budget, startMs), periodStartMs: startMs, periodEndMs: endMs };
    current.set(budget, period);
    return period;
  };
}

/** Every budget that covers the call, in the order of the configuration, in its period at the instant; each with its pool. */
export function coveringPeriods(
  calendar: PeriodCalendar,
  snapshot: ConfigurationSnapshot,
  subject: BudgetSubject,
  instantMs: number,
): BudgetPeriod[] {
  const periods: BudgetPeriod[] = [];
  // A loop, since `flatMap` takes longer than all that is done in it.
  for (const budget of snapshot.budgets) {
    if (!budgetCovers(budget, subject)) continue;
    const alone = calendar(budget, instantMs);
    const pool = budget.pool === undefined ? undefined : poolOf(budget, snapshot);
    const period = pool === undefined ? alone : withPool(alone, calendar(pool, instantMs));
    if (budget.each === undefined) periods.push(period);
    else for (const value of valuesOf(subject, budget.each)) periods.push(periodOfValue(period, value));
  }
  return periods;
}

function poolOf({ pool }: Budget, { budgets }: ConfigurationSnapshot): Budget | undefined {
  return budgets.find(({ id, isPool }) => id === pool && isPool === true);
}

function withPool(
  { budget, key, periodStartMs, periodEndMs }: BudgetPeriod,
  pool: BudgetPeriod,
): BudgetPeriod {
  return { budget, key, periodStartMs, periodEndMs, pool };
}

/** The periods themselves, and behind them those of their pools, each once. */
export function withPools(periods: readonly BudgetPeriod[]): readonly BudgetPeriod[] {
  const pools = new Map<string, BudgetPeriod>();
  for (const { pool } of periods) if (pool !== undefined) pools.set(pool.key, pool);
  return pools.size === 0 ? periods : [...periods, ...pools.values()];
}

/** Of every budget that is one, or of those that are named. */
export function namedPeriods(
  calendar: PeriodCalendar,
  { budgets }: ConfigurationSnapshot,
  only: readonly BudgetName[] | undefined,
  instantMs: number,
): BudgetPeriod[] {
  if (only === undefined)
    return budgets.filter(({ each }) => each === undefined).map((budget) => calendar(budget, instantMs));
  const byId = new Map(budgets.map((budget) => [budget.id, budget]));
  return only.flatMap(({ budgetId, value }) => {
    const budget = byId.get(budgetId);
    if (budget === undefined || (budget.each === undefined) !== (value === undefined)) return [];
    const period = calendar(budget, instantMs);
    return [value === undefined ? period : periodOfValue(period, value)];
  });
}

/** The counter of one value: its budget says whose it is, so that everything that names the budget names the value. */
function periodOfValue(period: BudgetPeriod, value: string): BudgetPeriod {
  const budget = budgetOfValue(period.budget, value);
  return { ...period, budget, key: periodKey(budget, period.periodStartMs) };
}

/** True for what a budget with `each` has instead of a counter: the period that its values' counters share. */
export function isOfValues({ budget }: BudgetPeriod): boolean {
  return budget.each !== undefined && valueOfBudget(budget) === null;
}

/** The part of a hold on one budget: from here on its period is pinned. */
export function holdEntry(period: PinnedPeriod, { expected, worst }: Tracks): HoldEntry {
  const { key, periodStartMs, periodEndMs } = period;
  return { key, expected, worst, periodStartMs, periodEndMs };
}
