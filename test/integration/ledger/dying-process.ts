import { adoptSpools, openSpool, openUsageStore } from '@tallygate/ledger';
import { type SegmentDestination, systemClock, TallygateError } from '@tallygate/usage';
import { holdFor, settlement, usageEvent } from '../../contract/usage-fixtures.ts';

/** Stores eight outcomes, one of which the ledger refuses, or adopts a spool, and kills itself at the instant that was named. */
const [, , instant = '', root = '', ledgerDirectory = ''] = process.argv;
const POISON = 'poison';
const store = await openUsageStore({ kind: 'embedded', directory: ledgerDirectory }, { clock: systemClock });
const die = () => process.kill(process.pid, 'SIGKILL');

let stores = 0;
const destination: SegmentDestination = {
  async store(segment) {
    if (segment.events.some(({ requestModel }) => requestModel === POISON)) {
      throw new TallygateError('TALLYGATE_REQUEST_INVALID', { message: 'These rows are wrong.' });
    }
    await store.store(segment);
    stores += 1;
    if (instant === 'between insert and rename') die();
    if (instant === 'between two halves' && stores === 2) die();
  },
};

if (instant === 'while it adopts') {
  await adoptSpools({
    ...{ root, destination, clock: systemClock },
    async recover(outcomes) {
      setTimeout(die, 1);
      return outcomes.map(({ event }, index) => settlement({ attemptId: event.eventId, seq: index + 1 }));
    },
  });
} else {
  const spool = await openSpool({ directory: root, destination, clock: systemClock });
  const poisoned = instant === 'between two halves' ? 5 : -1;
  for (let index = 0; index < 8; index += 1) {
    const event = usageEvent(index === poisoned ? { requestModel: POISON } : {});
    spool.recordOutcome(event, instant === 'before it settles' ? holdFor(event) : null);
  }
  if (instant === 'before it settles') die();
  await spool.flush();
}
process.stdin.resume();
