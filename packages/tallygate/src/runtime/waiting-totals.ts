import { waitingSettlements } from '@tallygate/ledger';
import type { LedgerAccess } from './ledger-access.ts';
import type { WaitingSoFar } from './owner-seat.ts';

/** Per budget period, what the spools of an organization hold that its ledger does not. */
export async function waitingTotals(
  root: string,
  organization: string,
  { history, destination }: LedgerAccess,
): Promise<WaitingSoFar> {
  // Without a history nothing can be stored either: then all of it waits, since the first segment.
  const found = await waitingSettlements({ root, destination: history === null ? null : destination });
  const settlements = found.filter((settlement) => settlement.organization === organization);
  const sums = new Map<string, bigint>();
  for (const { key, amount } of settlements.flatMap(({ entries }) => entries)) {
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  }
  return {
    lastSeq: settlements.reduce((last, { seq }) => Math.max(last, seq), 0),
    totals: [...sums].map(([key, amount]) => ({ key, amount })),
    endedIds: new Set(settlements.map(({ attemptId }) => attemptId)),
  };
}
