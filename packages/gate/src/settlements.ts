import type { Hold, NanoUsd, Settlement, SettlementKind, SettleReply } from '@tallygate/usage';

/** What ended an attempt, beside what its hold already says. */
export interface Ending {
  kind: Exclude<SettlementKind, 'adjust'>;
  epoch: string;
  seq: number;
  settledAtMs: number;
  amountNanoUsd: NanoUsd;
}

/** The fact for the ledger. A release names its periods with zero, so that the row shows what it was released from. */
export function settlementOf(
  hold: Pick<Hold, 'attemptId' | 'organization' | 'budgetInstantMs' | 'entries'>,
  ending: Ending,
): Settlement {
  const { kind, epoch, seq, settledAtMs, amountNanoUsd } = ending;
  return {
    attemptId: hold.attemptId,
    organization: hold.organization,
    kind,
    epoch,
    seq,
    budgetInstantMs: hold.budgetInstantMs,
    settledAtMs,
    entries: hold.entries.map(({ key }) => ({ key, amountNanoUsd })),
  };
}

/** A live hold ends by its own name; every other outcome says what the gate found instead. */
export function outcomeOfLive(kind: Ending['kind']): SettleReply['outcome'] {
  return kind === 'settle' ? 'settled' : 'released';
}
