import { openSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openSpool, openUsageStore } from '@tallygate/ledger';
import { newAttemptId, systemClock } from '@tallygate/usage';
import { holdFor, settlement, usageEvent } from '../../contract/usage-fixtures.ts';

/**
 * Records as fast as it can until it is killed or has recorded the limit, and notes every fact in a file only after it was accepted. With a ledger
 * directory it also stores what it records, so that the kill may fall into an insert.
 */
const [, , root = '', notesFile = '', limit = '', ledgerDirectory] = process.argv;
const notes = openSync(notesFile, 'a');

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

for (let seq = 1; seq <= Number(limit); seq += 1) {
  const event = usageEvent({ eventId: newAttemptId() });
  spool.recordOutcome(event, holdFor(event));
  writeSync(notes, `outcome ${event.eventId}\n`);
  // Every third one dies unsettled.
  if (seq % 3 !== 0) {
    spool.recordSettlement(settlement({ attemptId: event.eventId, seq }));
    writeSync(notes, `settlement ${event.eventId}\n`);
  }
  process.stdout.write('.');
  await nextTurn();
}
process.stdin.resume();
