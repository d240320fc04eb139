import {
  type Denial,
  isEnforced,
  newDenialId,
  type Pause,
  type PoolDenial,
  type ReserveRequest,
} from '@tallygate/usage';
import type { BudgetPeriod } from './budget-periods.ts';
import type { Trip } from './pace.ts';

/** One budget that an amount does not fit on. */
export interface Refusal {
  period: BudgetPeriod;
  spent: bigint;
  /** Of the track that refused, as what follows; of the one that is farther beyond when both did. */
  limit: bigint;
  held: bigint;
  needed: bigint;
  /** That it did not have what the budget lacked. */
  pool?: PoolDenial;
  retryAtMs: number;
  /** It is not the limit that refuses: the budget is spent too fast. The amounts are those of the trip. */
  trip?: Pick<Trip, 'atMs' | 'median'>;
}

/** While the breaker denies, whatever is asked for. */
export function refusalOfTrip(period: BudgetPeriod, trip: Trip, needed: bigint): Refusal {
  const { threshold: limit, spent, untilMs: retryAtMs } = trip;
  return { period, spent, limit, held: 0n, needed, retryAtMs, trip };
}

export function denialFrom(refusal: Refusal, request: ReserveRequest, atMs: number): Denial {
  const { budget, periodStartMs, periodEndMs } = refusal.period;
  const denial: Denial = {
    denialId: newDenialId(),
    attemptId: request.attemptId,
    budgetId: budget.id,
    scope: budget.scope,
    unit: budget.period,
    timeZone: budget.timeZone,
    ...(budget.measure === undefined ? {} : { measure: budget.measure }),
    periodStartMs,
    periodEndMs,
    limit: refusal.limit,
    spent: refusal.spent,
    held: refusal.held,
    needed: refusal.needed,
    ...(refusal.pool === undefined ? {} : { pool: refusal.pool }),
    retryAtMs: refusal.retryAtMs,
    atMs,
    enforced: request.enforce && isEnforced(budget),
    reason: 'limit',
    configVersion: request.configVersion,
  };
  return refusal.trip === undefined ? denial : tripDenial(denial, refusal.trip);
}

function tripDenial(denial: Denial, { atMs, median }: Pick<Trip, 'atMs' | 'median'>): Denial {
  return { ...denial, reason: 'velocity', median, periodStartMs: atMs, periodEndMs: denial.retryAtMs };
}

/** Nothing was counted: the numbers of a pause are its time and what the call asked for. */
export function pausedDenial(pause: Pause, request: ReserveRequest, atMs: number): Denial {
  return {
    denialId: newDenialId(),
    attemptId: request.attemptId,
    budgetId: pause.id,
    scope: { feature: pause.feature },
    unit: 'day',
    timeZone: 'UTC',
    periodStartMs: pause.fromMs,
    periodEndMs: pause.untilMs,
    limit: 0n,
    spent: 0n,
    held: 0n,
    needed: request.worstNanoUsd,
    retryAtMs: pause.untilMs,
    atMs,
    enforced: request.enforce,
    reason: 'paused',
    configVersion: request.configVersion,
  };
}

/**
 * The refusal to report when several budgets deny: the one that lets go last, because before that no repetition can succeed. The
 * first in the order of the configuration among equals. Undefined where those that refuse only observe.
 */
export function decisiveRefusal(refusals: readonly Refusal[]): Refusal | undefined {
  const denying = refusals.filter(({ period }) => isEnforced(period.budget));
  return denying.reduce<Refusal | undefined>(
    (latest, refusal) => (latest === undefined || refusal.retryAtMs > latest.retryAtMs ? refusal : latest),
    undefined,
  );
}
