import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  adoptSpools,
  openUsageStore,
  readDeadLetters,
  retryDeadLetters,
  type UsageStore,
  waitingSettlements,
} from '@tallygate/ledger';
import type { SealedSegment, SegmentDestination, UsageEvent } from '@tallygate/usage';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { denialRecord, fixedClock, START_MS, settlement, usageEvent } from '../../contract/usage-fixtures.ts';
import { createCollectingStore, refusing, unavailable } from './collecting-store.ts';
import { createSpoolRoot, nobodyLives, type SpoolRoot } from './spool-fixtures.ts';
import { openTables } from './tables.ts';

let spools: SpoolRoot;
beforeEach(() => {
  spools = createSpoolRoot();
});
afterEach(() => spools.remove());

const POISON = 'poison';
const isPoison = (event: UsageEvent) => event.requestModel === POISON;
const eventsOf = (poisoned: boolean[]) =>
  poisoned.map((bad) => usageEvent(bad ? { requestModel: POISON } : {}));
const refusePoison = ({ events }: SealedSegment) => (events.some(isPoison) ? refusing() : undefined);
const deadIn = async (root: string) => (await readDeadLetters(root)).letters;

describe('facts that the ledger refuses', () => {
  it('are found by halves, wherever they stand: all others are stored once, nothing loops, nothing behind waits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), async (poisoned) => {
        const store = createCollectingStore();
        store.before = refusePoison;
        const spool = await spools.open({ destination: store });
        const events = eventsOf(poisoned);
        for (const event of events) spool.recordOutcome(event, null);
        const dead = events.filter(isPoison);
        expect(await spool.flush()).toEqual({ stored: events.length - dead.length, pending: dead.length });
        expect(store.eventIds()).toEqual(
          events.filter((event) => !isPoison(event)).map((event) => event.eventId),
        );
        expect(store.tries.length).toBeLessThanOrEqual(1 + 2 * poisoned.length);
        await spool.close();
        expect(spools.spools()).toEqual([]);
      }),
      { numRuns: 60, seed: 20261121 },
    );
  });

  it('are kept beside the spools with the reason and the place they came from', async () => {
    const store = createCollectingStore();
    store.before = refusePoison;
    const spool = await spools.open({ destination: store });
    const [good, bad] = eventsOf([false, true]);
    for (const event of [good, bad]) if (event) spool.recordOutcome(event, null);
    await spool.flush();
    expect(await readDeadLetters(spools.root)).toEqual({
      letters: [
        {
          name: `${spool.spoolId}-000001-events-1-2.json`,
          format: 1,
          token: `${spool.spoolId}/000001`,
          kind: 'events',
          reason: 'These rows are wrong. Correct the named field.',
          diedAtMs: expect.any(Number),
          facts: [{ kind: 'outcome', event: bad, hold: null }],
        },
      ],
      unreadable: [],
    });
    await spool.close();
  });

  it('by a store that refuses everything are set aside without asking for each of thousands', async () => {
    const store = createCollectingStore();
    store.before = refusing;
    const spool = await spools.open({ destination: store, sealBytes: 2 ** 30 });
    for (const event of eventsOf(Array(2_000).fill(false))) spool.recordOutcome(event, null);
    expect(await spool.flush()).toEqual({ stored: 0, pending: 2_000 });
    expect(store.tries.length).toBeLessThan(300);
    const letters = await deadIn(spools.root);
    expect(letters.reduce((sum, { facts }) => sum + facts.length, 0)).toBe(2_000);
    await spool.close();
  });

  it('are put back by a person and stored once the ledger takes them, and become dead again when it does not', async () => {
    const store = createCollectingStore();
    store.before = refusePoison;
    const spool = await spools.open({ destination: store });
    const events = eventsOf([true, false, true]);
    for (const event of events) spool.recordOutcome(event, null);
    await spool.flush();
    expect(await retryDeadLetters(spools.root, spool)).toEqual({ retried: 2 });
    await spool.flush();
    expect(await deadIn(spools.root)).toHaveLength(2);
    store.before = () => {};
    expect(await retryDeadLetters(spools.root, spool)).toEqual({ retried: 2 });
    expect(await spool.flush()).toMatchObject({ stored: 2 });
    expect(store.eventIds().sort()).toEqual(events.map((event) => event.eventId).sort());
    expect(await deadIn(spools.root)).toEqual([]);
    await spool.close();
  });

  it('wait for an outage in the middle of the division to end, and then nothing is stored twice', async () => {
    const store = createCollectingStore();
    let answers = 3;
    store.before = (segment) => {
      answers -= 1;
      if (answers < 0) unavailable();
      refusePoison(segment);
    };
    const spool = await spools.open({ destination: store });
    const events = eventsOf([false, false, false, true, false, false]);
    for (const event of events) spool.recordOutcome(event, null);
    expect(await spool.flush()).toEqual({ stored: 0, pending: 6 });
    store.before = refusePoison;
    expect(await spool.flush()).toEqual({ stored: 5, pending: 1 });
    expect(store.eventIds()).toHaveLength(5);
    expect(new Set(store.eventIds()).size).toBe(5);
    await spool.close();
  });

  it('still count for a gate that is rebuilt: a settlement the ledger refuses is spent all the same', async () => {
    const store = createCollectingStore();
    const [good, bad] = [settlement({ seq: 1 }), settlement({ seq: 2, epoch: POISON })];
    store.before = ({ settlements }) => {
      if (settlements.some(({ epoch }) => epoch === POISON)) refusing();
    };
    const spool = await spools.open();
    for (const fact of [good, bad]) spool.recordSettlement(fact);
    await spool.flush();
    const ask = () => waitingSettlements({ root: spools.root, destination: store });
    expect(await ask()).toEqual([bad]);
    await spool.close();
    const drainer = await spools.open({ destination: store });
    await drainer.adopt();
    expect(await ask()).toEqual([bad]);
    expect(store.attemptsSettled()).toEqual([good.attemptId]);
    await drainer.close();
  });
});

describe('a segment set aside whole by an older version', () => {
  it('is divided by whoever adopts it', async () => {
    const spool = await spools.open();
    const events = eventsOf([false, true]);
    for (const event of events) spool.recordOutcome(event, null);
    await spool.flush();
    spools.kill(spool);
    const [home, { graveyard, clock }] = [join(spools.graveyard, spool.spoolId), spools];
    renameSync(join(home, '000001.ready'), join(home, '000001.refused'));
    const store = createCollectingStore();
    store.before = refusePoison;
    const report = await adoptSpools({ root: graveyard, destination: store, clock, isAlive: nobodyLives });
    expect(report).toMatchObject({ stored: 1, waiting: 0 });
    expect(await deadIn(graveyard)).toHaveLength(1);
  });
});

describe('a dead letter that nobody can read', () => {
  it('is named and stays where it is', async () => {
    mkdirSync(join(spools.root, 'dead'));
    writeFileSync(join(spools.root, 'dead', 'half.json'), '{"format":1,');
    const spool = await spools.open();
    expect(await readDeadLetters(spools.root)).toEqual({ letters: [], unreadable: ['half.json'] });
    expect(await retryDeadLetters(spools.root, spool)).toEqual({ retried: 0 });
    expect(readdirSync(join(spools.root, 'dead'))).toEqual(['half.json']);
  });
});

describe('with the real engine', () => {
  let store: UsageStore;
  const directory = () => join(spools.root, '..', 'ledger');
  const range = { organization: 'acme', fromMs: START_MS, toMs: START_MS + 1 };
  /** Whoever owns the database may refuse rows, too: the refusal is the engine's own. */
  beforeEach(async () => {
    store = await openUsageStore({ kind: 'embedded', directory: directory() }, { clock: fixedClock });
    const tables = openTables(directory());
    await tables.run(`ALTER TABLE usage_events ADD CONSTRAINT sound CHECK request_model != '${POISON}'`);
    await tables.run(`ALTER TABLE settlements ADD CONSTRAINT sound CHECK epoch != '${POISON}'`);
    await tables.close();
  });
  afterEach(() => store.close());

  it('whatever kind is at fault, every good row stands in its table once, without a copy', async () => {
    const spool = await spools.open({ destination: store });
    const events = eventsOf([false, true, false, false, false, true, false]);
    for (const event of events) spool.recordOutcome(event, null);
    for (let seq = 1; seq <= 6; seq += 1) {
      spool.recordSettlement(settlement({ seq, ...(seq === 4 ? { epoch: POISON } : {}) }));
    }
    spool.recordDenial(denialRecord());
    expect(await spool.flush()).toEqual({ stored: 11, pending: 3 });
    expect(await store.counts(range)).toMatchObject({ events: 5, lines: 5, duplicates: 0, settlements: 5 });
    expect(await rowCounts()).toEqual({ events: '5', settlements: '5', denials: '1' });
    expect((await deadIn(spools.root)).map(({ kind }) => kind).sort()).toEqual([
      'events',
      'events',
      'settlements',
    ]);
    await spool.close();
  });

  it('a kill after any part of the division is repeated without a second copy', async () => {
    const events = eventsOf([false, false, true, false, false, true, false, false]);
    for (let parts = 1; parts <= 14; parts += 1) {
      let left = parts;
      const dying: SegmentDestination = {
        async store(segment) {
          if (left === 0) unavailable();
          left -= 1;
          await store.store(segment);
        },
      };
      const spool = await spools.open({ destination: dying });
      for (const event of events)
        spool.recordOutcome({ ...event, eventId: `${event.eventId}/${parts}` }, null);
      await spool.flush();
      spools.kill(spool);
      const { graveyard, clock } = spools;
      await adoptSpools({ root: graveyard, destination: store, clock, isAlive: nobodyLives });
      expect(await store.counts(range)).toMatchObject({ events: 6 * parts, duplicates: 0 });
      expect((await deadIn(graveyard)).length).toBe(2 * parts);
    }
  });

  async function rowCounts() {
    const tables = openTables(directory());
    const count = (table: string) => `(SELECT toString(count()) FROM ${table})`;
    const sql = `SELECT ${count('usage_events')} AS events, ${count('settlements')} AS settlements, ${count('denials')} AS denials`;
    const [row] = await tables.rows(sql);
    await tables.close();
    return row;
  }
});
