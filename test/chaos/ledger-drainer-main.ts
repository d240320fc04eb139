import { setTimeout as pause } from 'node:timers/promises';
import { openSpool, openUsageStore } from '@tallygate/ledger';
import { systemClock } from '@tallygate/usage';
import { recover, unknownOutcomes } from './ledger-facts.ts';
import { createRandom } from './random.ts';

/** Takes over what killed applications left and stores it, whatever answers the ledger gives, until it is killed itself. */
const [, , root = '', address = '', seed = ''] = process.argv;
process.on('disconnect', () => process.exit());
const random = createRandom(Number(seed));
/** Longer than an insert takes here, so that hours are added up while others are still written to, and again after that. */
const SETTLING_MS = 1_000;
const store = await openUsageStore(
  URL.canParse(address) ? { kind: 'server', url: address } : { kind: 'embedded', directory: address },
  { clock: systemClock, settlingMs: SETTLING_MS },
);
const spool = await openSpool({
  directory: root,
  destination: store,
  clock: systemClock,
  recover,
  unknownOutcomes,
});
process.stdout.write('ready\n');
for (;;) {
  await spool.adopt();
  if (random.chance(0.2)) await addUp();
  await pause(random.between(10, 60));
}

async function addUp(): Promise<void> {
  try {
    await store.addUp();
  } catch {
    // As in every store: the next time.
  }
}
