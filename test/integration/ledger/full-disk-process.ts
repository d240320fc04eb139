import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openSpool } from '@tallygate/ledger';
import { type Logger, silentLogger, systemClock } from '@tallygate/usage';
import { settlement, usageEvent } from '../../contract/usage-fixtures.ts';
import { createCollectingStore, unavailable } from './collecting-store.ts';
import { fillUp } from './fill-up.ts';

/**
 * Records on a disk that fills up, until nothing fits; then the disk has room
 * again, or the ledger answers again. Prints what became of it all.
 */
const [, , ending = '', disk = ''] = process.argv;
const alarms: string[] = [];
const logger: Logger = { ...silentLogger, error: (message) => void alarms.push(message) };
const store = createCollectingStore();
store.before = unavailable;
const spool = await openSpool({
  directory: join(disk, 'spool'),
  destination: store,
  clock: systemClock,
  logger,
});

const recorded: string[] = [];
const record = () => {
  const event = usageEvent();
  spool.recordOutcome(event, null);
  spool.recordSettlement(settlement({ attemptId: event.eventId }));
  recorded.push(event.eventId);
};
for (let index = 0; index < 20; index += 1) record();
await spool.flush();
const ballast = join(disk, 'ballast');
fillUp(ballast);
while (spool.refusal() === null) record();
const refusal = spool.refusal()?.code;
const onDisk = recorded.length;
// Calls that were under way when the disk filled up.
for (let index = 0; index < 100; index += 1) record();
await spool.flush();
const heldInMemory = recorded.length - onDisk;
if (ending === 'disk') rmSync(ballast);
store.before = ending === 'disk' ? unavailable : () => {};
await spool.flush();
await spool.flush();
const refusalAfter = spool.refusal();
store.before = () => {};
await spool.close();

const ids = store.eventIds();
const stored = new Set(ids);
const result = {
  refusal,
  refusalAfter,
  heldInMemory,
  lost: recorded.filter((id) => !stored.has(id)).length,
  twice: ids.length - stored.size,
  alarms,
};
process.stdout.write(JSON.stringify(result));
