import { type Denial, newDenialId, type Pause, type ReserveRequest } from '@tallygate/usage';
import type { BudgetPeriod } from './budget-periods.ts';

/** One budget that an amount does not fit on. */
export interface Refusal {
  period: BudgetPeriod;
  spent: bigint;
  /** Held on the track that refused; the larger sum when both did. */
  held: bigint;
  needed: bigint;
  retryAtMs: number;
}

export function denialFrom(refusal: Refusal, request: ReserveRequest, atMs: number): Denial {
  const { budget, periodStartMs, periodEndMs } = refusal.period;
  return {
    denialId: newDenialId(),
    attemptId: request.attemptId,
    budgetId: budget.id,
    scope: budget.scope,
    unit: budget.period,
    timeZone: budget.timeZone,
    periodStartMs,
    periodEndMs,
    limit: budget.limit,
    spent: refusal.spent,
    held: refusal.held,
    needed: refusal.needed,
    retryAtMs: refusal.retryAtMs,
    atMs,
    enforced: request.enforce,
    reason: 'limit',
    configVersion: request.configVersion,
  };
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
 * The refusal to report when several budgets refuse: the one that lets go last, because before that no repetition can
 * succeed. The first in the order of the configuration among equals.
 */
export function decisiveRefusal(refusals: readonly [Refusal, ...Refusal[]]): Refusal {
  return refusals.reduce((latest, refusal) => (refusal.retryAtMs > latest.retryAtMs ? refusal : latest));
}
