import { openSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { openSpool } from '@tallygate/ledger';
import { systemClock } from '@tallygate/usage';
import { holdFor } from '../contract/usage-fixtures.ts';
import { anyOutcome, intentOf, settlementOf } from './ledger-facts.ts';
import { createRandom } from './random.ts';

/**
 * An application that only spools, until it is killed. What it notes it has been told is safe: a fact that waits in memory for a
 * full disk is noted once the disk has it.
 */
const [, , root = '', notesFile = '', seed = ''] = process.argv;
process.on('disconnect', () => process.exit());
const random = createRandom(Number(seed));
const durability = random.pick(['os', 'os', 'group', 'fsync'] as const) ?? 'os';
const notes = openSync(notesFile, 'a');
const sealing = { sealRows: 100, sealAfterMs: 200 };
const spool = await openSpool({
  directory: root,
  destination: null,
  clock: systemClock,
  durability,
  ...sealing,
});

process.stdout.write('recording\n');
let unsafe: string[] = [];
for (;;) {
  for (let index = random.between(1, 20); index > 0; index -= 1) recordOne();
  try {
    const told = unsafe;
    await spool.persisted();
    writeSync(notes, told.join(''));
    unsafe = unsafe.slice(told.length);
  } catch {
    // The disk is full: asked again after the next round.
  }
  await pause(random.between(5, 25));
}

function recordOne(): void {
  const event = anyOutcome(random);
  if (random.chance(0.3)) tryIntent(event);
  // Some calls never end: they are in flight when the process dies.
  if (random.chance(0.01)) return;
  spool.recordOutcome(event, holdFor(event));
  unsafe.push(`outcome ${event.eventId}\n`);
  // Some die unsettled.
  if (random.chance(0.1)) return;
  spool.recordSettlement(settlementOf(event));
  unsafe.push(`settlement ${event.eventId}\n`);
}

function tryIntent(event: Parameters<typeof intentOf>[0]): void {
  try {
    spool.recordIntent(intentOf(event));
  } catch {
    // No room for it: the meter logs that, and the call goes on.
  }
}
