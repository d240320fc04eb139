import { type Denial, type NanoUsd, newDenialId, type Pause, type ReserveRequest } from '@tallygate/usage';
import type { BudgetPeriod } from './budget-periods.ts';

/** One budget that an amount does not fit on. */
export interface Refusal {
  period: BudgetPeriod;
  spentNanoUsd: NanoUsd;
  /** Held on the track that refused; the larger sum when both did. */
  heldNanoUsd: NanoUsd;
  neededNanoUsd: NanoUsd;
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
    limitNanoUsd: budget.limitNanoUsd,
    spentNanoUsd: refusal.spentNanoUsd,
    heldNanoUsd: refusal.heldNanoUsd,
    neededNanoUsd: refusal.neededNanoUsd,
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
    limitNanoUsd: 0n,
    spentNanoUsd: 0n,
    heldNanoUsd: 0n,
    neededNanoUsd: request.worstNanoUsd,
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
