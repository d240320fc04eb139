import { periodKey } from '@tallygate/gate';
import type { AdmittedWithoutGate } from '@tallygate/meter';
import { budgetsFor, type Hold, periodAt } from '@tallygate/usage';

/** No gate ever made it: settling it is settling an attempt that the gate does not know, and the charge counts. */
const EPOCH_WITHOUT_GATE = 'outage';

const NO_TOKENS = { expected: 0n, worst: 0n };
const NOTHING: NonNullable<AdmittedWithoutGate['amounts']> = {
  expectedNanoUsd: 0n,
  worstNanoUsd: 0n,
  tokens: NO_TOKENS,
  requests: 0n,
};

/** Whether its call was admitted without a gate. */
export function isWithoutGate({ epoch }: Hold): boolean {
  return epoch === EPOCH_WITHOUT_GATE;
}

/**
 * Names the budget periods that an attempt is charged to while no gate can: those of the last known configuration, at the
 * instant of the call. It sets nothing aside; a later process settles by it when this one ends before the outage does, and counts
 * its amounts against what the budgets allow in an outage.
 */
export function pinHold({
  attemptId,
  snapshot,
  atMs,
  amounts = NOTHING,
  ...subject
}: AdmittedWithoutGate): Hold {
  const { expectedNanoUsd: expected, worstNanoUsd: worst, tokens, requests = 1n } = amounts;
  const askedOf = {
    usd: { expected, worst },
    tokens: tokens ?? NO_TOKENS,
    requests: { expected: requests, worst: requests },
  };
  const covering = snapshot.budgets.flatMap((budget) => budgetsFor(budget, subject));
  return {
    attemptId,
    organization: snapshot.organization,
    epoch: EPOCH_WITHOUT_GATE,
    budgetInstantMs: atMs,
    expiryBucket: 0,
    entries: covering.map((budget) => {
      const { startMs, endMs } = periodAt(budget.period, budget.timeZone, atMs);
      return {
        key: periodKey(budget, startMs),
        ...askedOf[budget.measure ?? 'usd'],
        periodStartMs: startMs,
        periodEndMs: endMs,
      };
    }),
  };
}
