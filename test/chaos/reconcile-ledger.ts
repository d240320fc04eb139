import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openSpool, openUsageStore, type UsageStore } from '@tallygate/ledger';
import type { Clock, UsageEvent } from '@tallygate/usage';
import { settlement } from '../contract/usage-fixtures.ts';

const EVENTS_PER_TURN = 1_000;

/**
 * The month in a real ledger of its own, by the way that a meter's rows take: spool, segments, inserts.
 * @param events in the order of their numbers; null: one that was lost on the way.
 */
export async function recordMonth(
  directory: string,
  clock: Clock,
  events: Iterable<UsageEvent | null>,
  progress: (count: number) => void,
): Promise<UsageStore> {
  const store = await openUsageStore({ kind: 'embedded', directory: join(directory, 'ledger') }, { clock });
  const spool = await openSpool({ directory: join(directory, 'spool'), destination: store, clock });
  let seq = 0;
  for (const event of events) {
    seq += 1;
    if (event !== null) {
      spool.recordOutcome(event, null);
      spool.recordSettlement(settledBy(event, seq));
    }
    if (seq % EVENTS_PER_TURN > 0) continue;
    progress(seq);
    await nextTurn();
  }
  const { pending } = await spool.flush();
  await spool.close();
  if (pending > 0) throw new Error(`${pending} facts did not reach the ledger`);
  return store;
}

/** As a gate numbers what it settles: in one row, without a gap. */
function settledBy(event: UsageEvent, seq: number) {
  const { eventId, organization, budgetInstantMs, endedAtMs } = event;
  return settlement({ attemptId: eventId, organization, seq, budgetInstantMs, settledAtMs: endedAtMs });
}
