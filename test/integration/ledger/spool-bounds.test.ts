import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openUsageStore } from '@tallygate/ledger';
import { contractedCostNanoUsd, type UsageEvent } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixedClock, holdFor, START_MS, settlement, usageEvent } from '../../contract/usage-fixtures.ts';
import { createCollectingStore, unavailable } from './collecting-store.ts';
import { startOnSmallDisk } from './programs.ts';
import { createSpoolRoot, type SpoolRoot } from './spool-fixtures.ts';

let spools: SpoolRoot;
beforeEach(() => {
  spools = createSpoolRoot();
});
afterEach(() => spools.remove());

const MAX_BYTES = 30_000;
const NEARLY_FULL = 'spool is nearly full';

/** As many as the bound has room for, and as many again, to a ledger that is away. */
async function beyondTheBound(full: 'deny-calls' | 'aggregate' | 'drop') {
  const store = createCollectingStore();
  store.before = unavailable;
  const spool = await spools.open({ destination: store, maxBytes: MAX_BYTES, full, sealRows: 10 });
  const events: UsageEvent[] = [];
  for (let round = 0; round < 20; round += 1) {
    for (let index = 0; index < 10; index += 1) {
      const event = usageEvent({ requestId: `req-${round}-${index}` });
      events.push(event);
      spool.recordOutcome(event, null);
    }
    await spool.flush();
  }
  return { store, spool, events };
}

const costOf = (events: readonly UsageEvent[]) =>
  events.reduce((sum, event) => sum + contractedCostNanoUsd(event), 0n);
const storedIn = (store: ReturnType<typeof createCollectingStore>) =>
  [...store.segments.values()].flatMap((segment) => segment.events);

describe('a spool at its bound on disk', () => {
  it('alarms while there is still room, once, and says when there is room again', async () => {
    const { store, spool } = await beyondTheBound('aggregate');
    expect(spools.logger.messages.filter((text) => text === NEARLY_FULL)).toHaveLength(1);
    store.before = () => {};
    await spool.flush();
    spools.clock.advance(700_000);
    await spool.flush();
    expect(spools.logger.messages.filter((text) => text === 'spool has room again')).toHaveLength(1);
    await spool.close();
  });

  it('by default refuses further calls before they are sent, and takes them again once the ledger has taken its share', async () => {
    const { store, spool, events } = await beyondTheBound('deny-calls');
    expect(spool.refusal()).toMatchObject({ code: 'TALLYGATE_SPOOL_FULL' });
    store.before = () => {};
    await spool.flush();
    await spool.flush();
    expect(spool.refusal()).toBeNull();
    expect(costOf(storedIn(store))).toBe(costOf(events));
    await spool.close();
  });

  it('folds what is recorded all the same into rows per minute: exact sums in a fraction of the room', async () => {
    const { store, spool, events } = await beyondTheBound('aggregate');
    expect(spool.refusal()).toBeNull();
    store.before = () => {};
    await spool.flush();
    const rows = storedIn(store);
    expect(costOf(rows)).toBe(costOf(events));
    expect(rows.length).toBeLessThan(events.length / 2);
    expect(rows.flatMap(({ lines }) => lines.flatMap(({ flags }) => flags))).toContain('folded:10');
    await spool.close();
  });

  it('folds nothing whose settlement is still to come, and none of it twice when its process is killed', async () => {
    const spool = await spools.open({ maxBytes: 1, full: 'aggregate' });
    const events = Array.from({ length: 6 }, () => usageEvent());
    for (const event of events) spool.recordOutcome(event, holdFor(event));
    for (const { eventId } of events.slice(0, 4)) spool.recordSettlement(settlement({ attemptId: eventId }));
    expect(spool.unsettledOutcomes).toBe(2);
    await spool.flush();
    spools.kill(spool);
    expect(spools.files(spool.directory)).toEqual(['000001.ready']);
    const store = createCollectingStore();
    const next = await spools.open({ destination: store });
    await spool.close();
    await next.adopt();
    const rows = storedIn(store);
    expect(rows.map(({ eventId }) => eventId).slice(1)).toEqual(
      events.slice(4).map(({ eventId }) => eventId),
    );
    expect(costOf(rows)).toBe(costOf(events));
    await next.close();
  });

  it('of folded rows gives the real ledger the sums of what they stand for', async () => {
    const ledger = join(spools.root, '..', 'ledger');
    const store = await openUsageStore({ kind: 'embedded', directory: ledger }, { clock: fixedClock });
    const spool = await spools.open({ destination: store, maxBytes: 1, full: 'aggregate' });
    for (let index = 0; index < 50; index += 1) spool.recordOutcome(usageEvent(), null);
    await spool.close();
    const range = { organization: 'acme', fromMs: START_MS, toMs: START_MS + 1 };
    expect(await store.counts(range)).toMatchObject({ events: 1, duplicates: 0 });
    expect(await store.spend({ ...range, by: 'budget', groupBy: [] })).toMatchObject([
      { contractedCostNanoUsd: 50n * 600_000n, usage: { uncachedInputTokens: 5_000, outputTokens: 1_000 } },
    ]);
    await store.close();
  });

  it('drops only where that was chosen, never a settlement, and counts what it dropped', async () => {
    const { store, spool, events } = await beyondTheBound('drop');
    const charged = settlement();
    spool.recordSettlement(charged);
    expect(spools.logger.messages).toContain('spool is full: usage is dropped and counted');
    store.before = () => {};
    await spool.flush();
    expect(store.attemptsSettled()).toEqual([charged.attemptId]);
    const kept = storedIn(store);
    const folder = join(spools.root, 'dropped');
    const [file = ''] = readdirSync(folder);
    expect(JSON.parse(readFileSync(join(folder, file), 'utf8'))).toMatchObject({
      outcomes: events.length - kept.length,
      costNanoUsd: (costOf(events) - costOf(kept)).toString(),
    });
    expect(kept.length).toBeLessThan(events.length);
    await spool.close();
  });
});

/** What a program tells that has a disk of 512 kB for itself; null where nobody may mount one. */
async function onSmallDisk(file: URL, ...parameters: string[]) {
  const program = startOnSmallDisk(file, join(spools.root, 'small'), ...parameters);
  let [told, complaint] = ['', ''];
  program.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  program.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const [code] = await once(program, 'close');
  if (told === '' && /unshare|mount|not permitted/i.test(complaint)) return null;
  expect({ code, complaint }).toEqual({ code: 0, complaint: '' });
  return JSON.parse(told);
}

describe('a disk that has room for a part', () => {
  it('gets no half of a dead letter, of a call in flight, of a spool or of a count; each is told', async (context) => {
    const result = await onSmallDisk(new URL('./filling-disk-process.ts', import.meta.url));
    if (result === null) return context.skip('no tmpfs of its own');
    expect(result).toEqual({
      dead: { facts: 0, unreadable: [] },
      intent: 'TALLYGATE_SPOOL_FAILED',
      another: 'TALLYGATE_SPOOL_FAILED',
      leftBehind: [],
      statusFailed: null,
      withRoom: { dead: { facts: 1, unreadable: [] }, dropped: 1 },
    });
  });
});

describe('a disk that is full', () => {
  it.for(['disk', 'ledger'])(
    'fails no call and loses nothing: calls are refused and facts wait in memory until the %s takes them',
    async (ending, context) => {
      const result = await onSmallDisk(new URL('./full-disk-process.ts', import.meta.url), ending);
      if (result === null) return context.skip('no tmpfs of its own');
      expect(result).toMatchObject({
        refusal: 'TALLYGATE_SPOOL_FULL',
        refusalAfter: null,
        lost: 0,
        twice: 0,
      });
      expect(result.heldInMemory).toBeGreaterThan(0);
      expect(result.alarms).toContain('usage is kept in memory: the disk does not take it');
    },
  );
});
