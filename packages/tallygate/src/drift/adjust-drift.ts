/** Ends a drift by a signed fact of its own; nothing is edited. The id is made of the difference, so that twice is once. */
import {
  type BudgetGate,
  type Clock,
  derivedEventId,
  type Hold,
  type Measure,
  type Settlement,
  type UsageSink,
} from '@tallygate/usage';
import type { BudgetDrift } from './find-drift.ts';

export interface DriftAdjustment {
  key: string;
  /** ledger: settlements were lost, and their sum is added. gate: the counter had lost charges, and was charged. */
  side: 'ledger' | 'gate';
  amount: bigint;
  measure: Measure | undefined;
}

export interface AdjustTargets {
  organization: string;
  gate: Pick<BudgetGate, 'settle'>;
  sink: Pick<UsageSink, 'recordSettlement'>;
  clock: Clock;
}

/** No gate numbers these: the search for missing numbers leaves the epoch out. */
const DRIFT_EPOCH = 'drift';

/**
 * Where the gate counts more, rows were lost on their way: the ledger gets their sum. Where the ledger holds more, the gate
 * lost charges (a failover): it is charged the difference, and its number goes to the ledger with an amount of zero.
 */
export async function adjustDrift(targets: AdjustTargets, drift: BudgetDrift): Promise<DriftAdjustment> {
  const { key, balance, settled, difference } = drift;
  const { measure } = balance.budget;
  const attemptId = derivedEventId('drift', `${key}:${balance.spent}:${settled}`);
  if (difference > 0n) {
    targets.sink.recordSettlement(ledgerAdjustment(targets, drift, attemptId));
    return { key, side: 'ledger', amount: difference, measure };
  }
  const hold = holdOn(targets.organization, drift, attemptId);
  const amount = -difference;
  // Whichever of them its budget is in.
  const charge = { amountNanoUsd: amount, tokens: amount, requests: amount };
  const { settlement } = await targets.gate.settle({ hold, ...charge });
  // What the ledger has already is not added to it again; only the number is.
  const entries = settlement.entries.map((entry) => ({ ...entry, amount: 0n }));
  targets.sink.recordSettlement({ ...settlement, kind: 'adjust', entries });
  return { key, side: 'gate', amount, measure };
}

function ledgerAdjustment(
  { organization, clock }: AdjustTargets,
  { key, balance, difference }: BudgetDrift,
  attemptId: string,
): Settlement {
  return {
    attemptId,
    organization,
    kind: 'adjust',
    epoch: DRIFT_EPOCH,
    seq: 1,
    budgetInstantMs: balance.periodStartMs,
    settledAtMs: clock.nowMs(),
    entries: [{ key, amount: difference }],
  };
}

/** Of an attempt that no gate has seen: it is charged all the same, to the period that is named. */
function holdOn(organization: string, { key, balance }: BudgetDrift, attemptId: string): Hold {
  const { periodStartMs, periodEndMs } = balance;
  return {
    attemptId,
    organization,
    epoch: DRIFT_EPOCH,
    budgetInstantMs: periodStartMs,
    expiryBucket: 0,
    entries: [{ key, expected: 0n, worst: 0n, periodStartMs, periodEndMs }],
  };
}
