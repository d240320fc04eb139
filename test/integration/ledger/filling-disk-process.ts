import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openSpool, readDeadLetters, spoolStatus } from '@tallygate/ledger';
import { newAttemptId, systemClock } from '@tallygate/usage';
import { START_MS, usageEvent } from '../../contract/usage-fixtures.ts';
import { createCollectingStore, refusing, unavailable } from './collecting-store.ts';
import { fillUp } from './fill-up.ts';

/**
 * On a disk that has room for a part of what is written: a dead letter, a call in flight, another spool, a count of what was dropped.
 * Prints what became of each, and of some once there is room.
 */
const [, , disk = ''] = process.argv;
const [root, ballast] = [join(disk, 'spool'), join(disk, 'ballast')];
const long = (bytes: number) => ({ ...usageEvent().attribution, tags: { region: 'x'.repeat(bytes) } });
const deadFacts = async () => {
  const { letters, unreadable } = await readDeadLetters(root);
  return { facts: letters.flatMap(({ facts }) => facts).length, unreadable };
};

const dropRoot = join(disk, 'dropping');
const dropping = await openSpool({
  ...{ directory: dropRoot, destination: null, clock: systemClock },
  ...{ maxBytes: 1, full: 'drop' },
});
const droppedOutcomes = async () =>
  (await spoolStatus({ root: dropRoot, clock: systemClock })).dropped.outcomes;

const store = createCollectingStore();
store.before = unavailable;
const spool = await openSpool({ directory: root, destination: store, clock: systemClock });
spool.recordOutcome(usageEvent({ attribution: long(40_000) }), null);
await spool.flush();
store.before = refusing;
fillUp(ballast, 4);
await spool.flush();
const dead = await deadFacts();

rmSync(ballast);
fillUp(ballast, 3);
const intent = await codeOf(() => spool.recordIntent(callInFlight()));
fillUp(ballast);
const another = await codeOf(() =>
  openSpool({ directory: root, destination: null, clock: systemClock, ownerId: 'late' }),
);
dropping.recordOutcome(usageEvent(), null);
await dropping.flush();
const statusFailed = await codeOf(droppedOutcomes);
const leftBehind = readdirSync(root).filter((name) => name.startsWith('.new-'));

rmSync(ballast);
await spool.flush();
await dropping.flush();
const withRoom = { dead: await deadFacts(), dropped: await droppedOutcomes() };
process.stdout.write(JSON.stringify({ dead, intent, another, leftBehind, statusFailed, withRoom }));
process.exit(0);

function callInFlight() {
  const facts = { attemptId: newAttemptId(), callId: newAttemptId(), attemptNumber: 1, organization: 'acme' };
  const key = { apiKeyId: null, apiKeyHint: null, backend: 'anthropic' as const, place: null };
  const asked = { requestModel: 'claude-sonnet-4-5', promptTokens: 1, streamed: true, startedAtMs: START_MS };
  return { ...facts, ...key, ...asked, configVersion: 1, hold: null, attribution: long(30_000) };
}

async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return null;
  } catch (error) {
    return Reflect.get(error as object, 'code');
  }
}
