import { setTimeout as pause } from 'node:timers/promises';
import { openSpool, openUsageStore } from '@tallygate/ledger';
import { type SegmentDestination, systemClock, TallygateError } from '@tallygate/usage';
import { keepCopies } from './compare-ledger.ts';
import { recover, unknownOutcomes } from './ledger-facts.ts';
import { createRandom } from './random.ts';

/** Takes over what killed applications left and stores it, over a ledger that fails in every way, until it is killed itself. */
const [, , root = '', ledgerDirectory = '', seed = ''] = process.argv;
process.stdin.resume().on('end', () => process.exit());
const random = createRandom(Number(seed));
/** Longer than an insert takes here, so that hours are added up while others are still written to, and again after that. */
const SETTLING_MS = 1_000;
const store = await openUsageStore(
  { kind: 'embedded', directory: ledgerDirectory },
  { clock: systemClock, settlingMs: SETTLING_MS },
);

await keepCopies(ledgerDirectory);

const destination: SegmentDestination = {
  async store(segment) {
    const fault = random.next();
    if (fault < 0.1) throw away('The server answered 503.');
    const stored = store.store(segment);
    // A time-out: the insert goes on behind it, and meets its own repetition.
    if (fault < 0.2) {
      stored.catch(() => undefined);
      throw away('The server did not answer in time.');
    }
    await stored;
    if (fault < 0.35) throw away('The server answered 500 after the commit.');
  },
};

const spool = await openSpool({ directory: root, destination, clock: systemClock, recover, unknownOutcomes });
process.stdout.write('ready\n');
for (;;) {
  await spool.adopt();
  if (random.chance(0.2)) await store.addUp();
  await pause(random.between(10, 60));
}

function away(message: string): TallygateError {
  return new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message });
}
