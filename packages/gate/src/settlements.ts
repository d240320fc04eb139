import type { Settlement, SettlementKind, SettleReply } from '@tallygate/usage';
import { type Charge, chargedTo } from './amounts.ts';
import type { PinnedPeriod } from './budget-periods.ts';

/** How an attempt ended: all that a repetition has to be answered with. */
export interface Ending {
  kind: Exclude<SettlementKind, 'adjust'>;
  seq: number;
  budgetInstantMs: number;
  settledAtMs: number;
  charge: Charge;
  entries: readonly PinnedPeriod[];
}

/** The fact for the ledger. A release names its periods with zero, so that the row shows what it was released from. */
export function settlementOf(
  attempt: Pick<Settlement, 'attemptId' | 'organization' | 'epoch'>,
  { kind, seq, budgetInstantMs, settledAtMs, charge, entries }: Ending,
): Settlement {
  return {
    attemptId: attempt.attemptId,
    organization: attempt.organization,
    kind,
    epoch: attempt.epoch,
    seq,
    budgetInstantMs,
    settledAtMs,
    entries: entries.map((entry) => ({ key: entry.key, amount: chargedTo(entry, charge) })),
  };
}

/** A live hold ends by its own name; every other outcome says what the gate found instead. */
export function outcomeOfLive(kind: Ending['kind']): SettleReply['outcome'] {
  return kind === 'settle' ? 'settled' : 'released';
}
