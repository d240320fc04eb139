import { type Denial, type NanoUsd, newDenialId, type ReserveRequest } from '@tallygate/usage';
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
  };
}

/**
 * The refusal to report when several budgets refuse: the one that lets go last, because before that no repetition can
 * succeed. The first in the order of the configuration among equals.
 */
export function decisiveRefusal(refusals: readonly [Refusal, ...Refusal[]]): Refusal {
  return refusals.reduce((latest, refusal) => (refusal.retryAtMs > latest.retryAtMs ? refusal : latest));
}
