import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AdoptOptions, adoptSpools } from '@tallygate/ledger';
import { newAttemptId } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdFor, settlement, usageEvent } from '../../contract/usage-fixtures.ts';
import { type CollectingStore, createCollectingStore, unavailable } from './collecting-store.ts';
import { createSettlingGate, createSpoolRoot, nobodyLives, type SpoolRoot } from './spool-fixtures.ts';

let spools: SpoolRoot;
let store: CollectingStore;
beforeEach(() => {
  spools = createSpoolRoot();
  store = createCollectingStore();
});
afterEach(() => spools.remove());

/** Of what killed processes left, unless told otherwise. */
const adopt = (options: Partial<AdoptOptions> = {}) =>
  adoptSpools({
    root: spools.graveyard,
    destination: store,
    clock: spools.clock,
    logger: spools.logger,
    isAlive: nobodyLives,
    ...options,
  });

/** A process that recorded these and was killed. */
async function deadSpool(eventIds: string[], sealRows = 2): Promise<string> {
  const spool = await spools.open({ sealRows });
  for (const eventId of eventIds) spool.recordOutcome(usageEvent({ eventId }), null);
  await spool.flush();
  spools.kill(spool);
  return spool.spoolId;
}

describe('adopting', () => {
  it('ships every segment of a dead process under its own tokens and removes the directory', async () => {
    const spoolId = await deadSpool(['a', 'b', 'c']);
    expect(await adopt()).toMatchObject({ adopted: 1, stored: 3, waiting: 0, tornTails: 0, quarantined: 0 });
    expect([...store.segments.keys()]).toEqual([`${spoolId}/000001`, `${spoolId}/000002`]);
    expect(store.eventIds()).toEqual(['a', 'b', 'c']);
    expect(spools.spools(spools.graveyard)).toEqual([]);
  });

  it('sends again what a dead process had sent without learning the answer: the token makes it one', async () => {
    store.after = unavailable;
    const spool = await spools.open({ destination: store });
    spool.recordOutcome(usageEvent({ eventId: 'sent' }), null);
    await spool.flush();
    spools.kill(spool);
    store.after = () => {};
    await adopt();
    expect(store.tries.length).toBeGreaterThanOrEqual(2);
    for (const one of store.tries) expect(one).toEqual(store.tries[0]);
    expect(store.eventIds()).toEqual(['sent']);
  });

  it('leaves a living process alone', async () => {
    const spool = await spools.open();
    spool.recordOutcome(usageEvent(), null);
    expect(await adoptSpools({ root: spools.root, destination: store, clock: spools.clock })).toMatchObject({
      adopted: 0,
    });
    expect(store.tries).toEqual([]);
  });

  it('takes a process of another machine for dead after five minutes of silence, and not before', async () => {
    const spoolId = await deadSpool(['far-away']);
    const file = join(spools.graveyard, spoolId, 'owner.json');
    writeFileSync(
      file,
      JSON.stringify({ host: 'elsewhere', pid: 1, processStart: '1', bootId: 'b', pidNamespace: 'n' }),
    );
    const seen = (agoMs: number) => {
      const seconds = (spools.clock.nowMs() - agoMs) / 1000;
      utimesSync(file, seconds, seconds);
    };
    const pass = () => adoptSpools({ root: spools.graveyard, destination: store, clock: spools.clock });
    seen(290_000);
    expect(await pass()).toMatchObject({ adopted: 0 });
    seen(310_000);
    expect(await pass()).toMatchObject({ adopted: 1, stored: 1 });
  });

  it('takes a later process with the same id for another one', async () => {
    const spoolId = await deadSpool(['a']);
    const file = join(spools.graveyard, spoolId, 'owner.json');
    const owner = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...owner, processStart: '12345' }));
    expect(
      await adoptSpools({ root: spools.graveyard, destination: store, clock: spools.clock }),
    ).toMatchObject({
      adopted: 1,
    });
  });

  it('leaves what the store does not take, for the next pass, under the same tokens', async () => {
    const spoolId = await deadSpool(['a', 'b', 'c']);
    store.before = unavailable;
    expect(await adopt()).toMatchObject({ stored: 0, waiting: 2 });
    store.before = () => {};
    expect(await adopt()).toMatchObject({ stored: 3, waiting: 0 });
    expect([...store.segments.keys()]).toEqual([`${spoolId}/000001`, `${spoolId}/000002`]);
    expect(spools.spools(spools.graveyard)).toEqual([]);
  });

  it('asks a store that does not answer once, not once per directory', async () => {
    for (let index = 0; index < 4; index += 1) await deadSpool([`event-${index}`]);
    store.before = unavailable;
    expect(await adopt()).toMatchObject({ adopted: 4, waiting: 4 });
    expect(store.tries).toHaveLength(1);
  });

  it('by several at once stores everything and each row once', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      const eventIds = [newAttemptId(), newAttemptId(), newAttemptId()];
      ids.push(...eventIds);
      await deadSpool(eventIds);
    }
    for (let pass = 0; pass < 2; pass += 1) await Promise.all([adopt(), adopt(), adopt()]);
    expect(store.eventIds().sort()).toEqual(ids.sort());
    expect(spools.spools(spools.graveyard)).toEqual([]);
  });

  it('of a root that does not exist yet finds nothing', async () => {
    expect(await adopt({ root: join(spools.graveyard, 'not-yet') })).toMatchObject({ adopted: 0 });
  });

  it('of strange things in the root neither fails nor removes them', async () => {
    writeFileSync(join(spools.graveyard, 'notes.txt'), 'mine');
    mkdirSync(join(spools.graveyard, 'photos', '2026'), { recursive: true });
    await deadSpool(['a']);
    expect(await adopt()).toMatchObject({ adopted: 1, stored: 1 });
    expect(readdirSync(spools.graveyard, { recursive: true }).sort()).toEqual([
      'notes.txt',
      'photos',
      'photos/2026',
    ]);
  });
});

describe('settling what a dead process could not', () => {
  async function deadWithHolds(): Promise<{ settled: string; unsettled: string[] }> {
    const spool = await spools.open({ sealRows: 2 });
    const events = [usageEvent(), usageEvent(), usageEvent()];
    for (const event of events) spool.recordOutcome(event, holdFor(event));
    const [settled = '', ...unsettled] = events.map((event) => event.eventId);
    spool.recordSettlement(settlement({ attemptId: settled }));
    spool.recordOutcome(usageEvent(), null);
    await spool.flush();
    spools.kill(spool);
    return { settled, unsettled };
  }

  it('asks for outcomes with a hold and without a settlement, and stores the answers', async () => {
    const { settled, unsettled } = await deadWithHolds();
    const gate = createSettlingGate();
    expect(await adopt({ recover: gate.recover })).toMatchObject({ recovered: 2, unsettled: 0, waiting: 0 });
    expect([...gate.settled.keys()]).toEqual(unsettled);
    expect(store.attemptsSettled().sort()).toEqual([settled, ...unsettled].sort());
    expect(spools.spools(spools.graveyard)).toEqual([]);
  });

  it('ships at once and settles later when the gate is away', async () => {
    const { settled, unsettled } = await deadWithHolds();
    const gate = createSettlingGate();
    gate.away = true;
    expect(await adopt({ recover: gate.recover })).toMatchObject({ recovered: 0, unsettled: 2, waiting: 0 });
    expect(store.eventIds()).toHaveLength(4);
    gate.away = false;
    // Long after the tail of stored segments: what is unsettled has not been forgotten.
    spools.clock.advance(86_400_000);
    expect(await adopt({ recover: gate.recover })).toMatchObject({ recovered: 2, unsettled: 0 });
    expect(store.attemptsSettled().sort()).toEqual([settled, ...unsettled].sort());
    expect(spools.spools(spools.graveyard)).toEqual([]);
  });

  it('again after a crash of the adopter settles and counts nothing twice', async () => {
    const { settled, unsettled } = await deadWithHolds();
    const gate = createSettlingGate();
    store.before = unavailable;
    await adopt({ recover: gate.recover });
    await adopt({ recover: gate.recover });
    store.before = () => {};
    await adopt({ recover: gate.recover });
    expect(gate.settled.size).toBe(2);
    expect(store.attemptsSettled().sort()).toEqual([settled, ...unsettled].sort());
    expect(store.eventIds()).toHaveLength(4);
  });

  it('never writes a settlement under a token that was used before', async () => {
    const spool = await spools.open({ destination: store, sealRows: 1 });
    const event = usageEvent();
    spool.recordOutcome(event, holdFor(event));
    for (let index = 0; index < 3; index += 1) spool.recordOutcome(usageEvent(), null);
    await spool.flush();
    spools.clock.advance(700_000);
    await spool.flush();
    expect(spools.files(spool.directory)).toEqual(['000001.done']);
    spools.kill(spool);
    await adopt({ recover: createSettlingGate().recover });
    expect(store.attemptsSettled()).toEqual([event.eventId]);
  });
});

describe('a process that was declared dead and wakes up', () => {
  it('goes on in a new directory and loses nothing of what it had recorded or records now', async () => {
    const gate = createSettlingGate();
    const sleeper = await spools.open({ destination: store });
    const first = sleeper.spoolId;
    const held = usageEvent({ eventId: 'held' });
    sleeper.recordOutcome(held, holdFor(held));
    sleeper.recordOutcome(usageEvent({ eventId: 'before' }), null);
    await adopt({ root: spools.root, recover: gate.recover });
    spools.clock.advance(400_000);
    sleeper.recordOutcome(usageEvent({ eventId: 'after' }), null);
    expect(sleeper.spoolId).not.toBe(first);
    await sleeper.close();
    await adopt({ root: spools.root, recover: gate.recover });
    expect([...new Set(store.eventIds())].sort()).toEqual(['after', 'before', 'held']);
    expect(new Set(store.attemptsSettled())).toEqual(new Set(['held']));
    expect(spools.spools()).toEqual([]);
  });

  it('notices it when sealing, too', async () => {
    const sleeper = await spools.open({ destination: store });
    sleeper.recordOutcome(usageEvent({ eventId: 'before' }), null);
    await adopt({ root: spools.root, destination: null });
    sleeper.recordOutcome(usageEvent({ eventId: 'into-the-moved-file' }), null);
    await sleeper.flush();
    await sleeper.close();
    await adopt({ root: spools.root });
    expect([...new Set(store.eventIds())].sort()).toEqual(['before', 'into-the-moved-file']);
  });

  it('notices it when it begins a file, too: what it records then is on disk, not in memory', async () => {
    const sleeper = await spools.open();
    const first = sleeper.directory;
    await adopt({ root: spools.root, destination: null });
    sleeper.recordOutcome(usageEvent(), null);
    expect(sleeper.directory).not.toBe(first);
    expect(spools.files(sleeper.directory)).toEqual(['000001.open']);
    await sleeper.close();
  });
});
