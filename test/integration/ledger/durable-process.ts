import { openSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Durability, openSpool, openUsageStore } from '@tallygate/ledger';
import { newAttemptId, systemClock } from '@tallygate/usage';
import { usageEvent } from '../../contract/usage-fixtures.ts';

/**
 * Records until it is killed, and notes each outcome only once it is as safe as its durability promises: after `persisted`, and in
 * memory after the flush that stored it.
 */
const [, , durability = '', root = '', notesFile = '', ledgerDirectory = ''] = process.argv;
const notes = openSync(notesFile, 'a');
const inMemory = durability === 'memory';
const destination = inMemory
  ? await openUsageStore({ kind: 'embedded', directory: ledgerDirectory }, { clock: systemClock })
  : null;
const spool = await openSpool({
  directory: root,
  destination,
  clock: systemClock,
  durability: durability as Durability,
  sealRows: 100,
});

for (;;) {
  const ids = Array.from({ length: 10 }, () => newAttemptId());
  for (const eventId of ids) spool.recordOutcome(usageEvent({ eventId }), null);
  if (inMemory) await spool.flush();
  else if (durability !== 'os') await spool.persisted();
  writeSync(notes, `${ids.join('\n')}\n`);
  process.stdout.write('.'.repeat(ids.length));
  await nextTurn();
}
