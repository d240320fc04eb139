import { writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openSpool, openUsageStore } from '@tallygate/ledger';
import { newAttemptId, systemClock } from '@tallygate/usage';
import { holdFor, settlement, usageEvent } from '../../contract/usage-fixtures.ts';

/**
 * Records as fast as it can until it is killed, and says of every fact that it was accepted only after it was. With a ledger
 * directory it also stores what it records, so that the kill may fall into an insert.
 */
const STDOUT = 1;
const [, , root = '', ledgerDirectory] = process.argv;

const destination =
  ledgerDirectory === undefined
    ? null
    : await openUsageStore({ kind: 'embedded', directory: ledgerDirectory }, { clock: systemClock });
const spool = await openSpool({
  directory: root,
  destination,
  clock: systemClock,
  sealRows: 40,
  sealAfterMs: 20,
});

for (let seq = 1; ; seq += 1) {
  const event = usageEvent({ eventId: newAttemptId() });
  spool.recordOutcome(event, holdFor(event));
  writeSync(STDOUT, `outcome ${event.eventId}\n`);
  // Every third one dies unsettled.
  if (seq % 3 !== 0) {
    spool.recordSettlement(settlement({ attemptId: event.eventId, seq }));
    writeSync(STDOUT, `settlement ${event.eventId}\n`);
  }
  await nextTurn();
}
