import {
  type Budget,
  budgetCovers,
  type ConfigurationSnapshot,
  NANO_USD_MAX,
  type Override,
  type Pause,
  type ReserveRequest,
  runningOverrides,
  valueOfBudget,
  valuesOf,
} from '@tallygate/usage';
import { type BudgetPeriod, coveringPeriods, type PeriodCalendar } from './budget-periods.ts';

type Grant = Extract<Override, { kind: 'grant' }>;

/** What decides about one call at one instant: the budgets of the file, and what was decided beside it for a time. */
export interface Rules {
  periods: readonly BudgetPeriod[];
  enforce: boolean;
  pause: Pause | null;
}

/** @param running the overrides in force; which these are is decided by the gate's clock alone. */
export function rulesAt(
  calendar: PeriodCalendar,
  snapshot: ConfigurationSnapshot,
  request: ReserveRequest,
  instantMs: number,
  running: readonly Override[],
): Rules {
  const periods = coveringPeriods(calendar, snapshot, request, instantMs);
  if (running.length === 0) return { periods, enforce: request.enforce, pause: null };
  return {
    periods: periods.map((period) => raisedPeriod(period, running)),
    enforce: request.enforce && !running.some(({ kind }) => kind === 'observe'),
    pause: running.find((override) => isPauseOf(override, request)) ?? null,
  };
}

/** The period with the limits that its budget and its pool have while these overrides run. */
export function raisedPeriod(period: BudgetPeriod, running: readonly Override[]): BudgetPeriod {
  const { budget } = period;
  const limit = raisedLimit(budget, running);
  const pool = period.pool && raisedPeriod(period.pool, running);
  if (limit === budget.limit && pool === period.pool) return period;
  return { ...period, budget: { ...budget, limit }, ...(pool === undefined ? {} : { pool }) };
}

export function raisedLimit(budget: Budget, running: readonly Override[]): bigint {
  const granted = running
    .filter((override) => isGrantFor(override, budget))
    .reduce((sum, { amount }) => sum + amount, 0n);
  return withinRange(budget.limit + granted);
}

/** One of a budget with `each` is for every value, unless it names one. */
export function isGrantFor(grant: Override, budget: Budget): grant is Grant {
  if (grant.kind !== 'grant' || grant.budget !== budget.id || grant.measure !== budget.measure) return false;
  return grant.value === undefined || grant.value === valueOfBudget(budget);
}

function withinRange(amount: bigint): bigint {
  if (amount > NANO_USD_MAX) return NANO_USD_MAX;
  return amount;
}

/** True when the answer may depend on an override, so that the instant has to be the gate's own. */
export function dependsOnOverrides(
  snapshot: ConfigurationSnapshot,
  request: ReserveRequest,
  passedMs: number,
): boolean {
  const isForCall = (grant: Grant) =>
    snapshot.budgets.some(
      (budget) =>
        (budget.id === grant.budget || budget.pool === grant.budget) &&
        budgetCovers(budget, request) &&
        (grant.value === undefined ||
          (budget.each !== undefined && valuesOf(request, budget.each).includes(grant.value))),
    );
  return runningOverrides(snapshot, passedMs).some((override) => {
    if (override.kind === 'grant') return isForCall(override);
    return override.kind === 'observe' ? request.enforce : isPauseOf(override, request);
  });
}

function isPauseOf(override: Override, { attribution }: ReserveRequest): override is Pause {
  return override.kind === 'pause' && override.feature === attribution.feature;
}
