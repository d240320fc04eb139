import { createMemoryBatchOwners } from '@tallygate/meter';
import { type BatchOwners, TallygateError, type UsageEvent } from '@tallygate/usage';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  BATCH_ID,
  budgetNow,
  budgetOf,
  createdBatch,
  ENDED_AT,
  HAIKU,
  HOUR_MS,
  ITEM_COST,
  ITEMS,
  organization,
  REQUESTS,
  readResults,
  sharedParts,
  startProcess,
  succeeded,
} from './batch-rig.ts';

afterEach(() => void vi.useRealTimers());

const idsOf = (events: UsageEvent[]) => events.map((event) => event.eventId).sort();

describe('reading more than once', () => {
  it('counts once, also long after the gate has forgotten the items', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    await createdBatch(app);
    await readResults(app);
    parts.clock.advance(48 * HOUR_MS);
    await readResults(app);
    expect(app.events).toHaveLength(2);
    expect((await budgetNow(parts.gate)).spent).toBe(2n * ITEM_COST);
  });

  it('counts half when left half-way, and the rest by the next reading; the hold stands until then', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS, chunkBytes: 400 } });
    await createdBatch(app);
    const { held } = await budgetNow(parts.gate);
    await readResults(app, 1);
    expect(app.events).toHaveLength(1);
    expect(await budgetNow(parts.gate)).toEqual({ spent: ITEM_COST, held });
    parts.clock.advance(2 * HOUR_MS);
    await readResults(app);
    expect(app.events).toHaveLength(2);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });

  it('in two processes at once writes the same rows and charges once', async () => {
    const parts = sharedParts();
    const owners = createMemoryBatchOwners({ clock: parts.clock });
    const [first, second] = [1, 2].map(() => startProcess({ ...parts, owners, script: { results: ITEMS } }));
    if (!first || !second) throw new Error('two processes were started');
    await createdBatch(first);
    await Promise.all([readResults(first), readResults(second)]);
    expect(second.events).toEqual(first.events);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });

  it('in another process, a day later, charges the team that created the batch, in the month it was created', async () => {
    const parts = sharedParts();
    const owners = createMemoryBatchOwners({ clock: parts.clock });
    const creator = startProcess({ ...parts, owners, script: { results: ITEMS } });
    await createdBatch(creator);
    parts.clock.advance(24 * HOUR_MS);
    const reader = startProcess({ ...parts, owners, team: 'search', script: { results: ITEMS } });
    await readResults(reader);
    expect(reader.events.map(({ attribution }) => attribution.team)).toEqual(['support', 'support']);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });

  it('by halves of different sides in two processes settles each item once and releases at the last', async () => {
    const parts = sharedParts();
    const owners = createMemoryBatchOwners({ clock: parts.clock });
    const one = startProcess({ ...parts, owners, script: { results: ITEMS, chunkBytes: 400 } });
    const other = startProcess({
      ...parts,
      owners,
      script: { results: [...ITEMS].reverse(), chunkBytes: 400 },
    });
    await createdBatch(one);
    await Promise.all([readResults(one, 1), readResults(other, 1)]);
    expect((await budgetNow(parts.gate)).spent).toBe(2n * ITEM_COST);
    expect(idsOf(one.events)).not.toEqual(idsOf(other.events));
    await readResults(one);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });

  it('counts an item once where the caller reads a response and its clone', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    await createdBatch(app);
    const { response } = await app.claude
      .get(`/v1/messages/batches/${BATCH_ID}/results`, { __binaryResponse: true })
      .withResponse();
    const copy = response.clone();
    expect(await copy.text()).toBe(await response.text());
    await app.meter.settled();
    expect(app.events).toHaveLength(2);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });
});

describe('when the owner cannot be stored', () => {
  function refusing(owners: BatchOwners, times: number): BatchOwners {
    let left = times;
    return {
      ...owners,
      put(owner) {
        left -= 1;
        if (left < 0) return owners.put(owner);
        return Promise.reject(new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'away' }));
      },
    };
  }

  it('the caller gets the batch, the log says so, and it is stored as soon as it can be', async () => {
    const parts = sharedParts();
    const durable = createMemoryBatchOwners({ clock: parts.clock });
    const app = startProcess({ ...parts, owners: refusing(durable, 2), script: { results: ITEMS } });
    const batch = await createdBatch(app);
    expect(batch.id).toBe(BATCH_ID);
    expect(app.logs).toContain('owner of a batch not stored');
    expect(await durable.get({ organization, batchId: BATCH_ID })).toMatchObject({ itemCount: 2 });
  });

  it('this process still charges the team that created it', async () => {
    const parts = sharedParts();
    const durable = createMemoryBatchOwners({ clock: parts.clock });
    const owners = refusing(durable, Number.POSITIVE_INFINITY);
    const app = startProcess({ ...parts, owners, script: { results: ITEMS } });
    await app.claude
      .withOptions({})
      .messages.batches.create(REQUESTS, { attribution: { feature: 'digest' } });
    await readResults(app);
    expect(app.events.map(({ attribution }) => attribution.feature)).toEqual(['digest', 'digest']);
    expect((await budgetNow(parts.gate)).spent).toBe(2n * ITEM_COST);
  });
});

describe('a batch that was created out of sight', () => {
  it('is charged to its reader at the batch price, flagged, once for all later readers', async () => {
    const parts = sharedParts();
    const owners = createMemoryBatchOwners({ clock: parts.clock });
    const reader = startProcess({ ...parts, owners, script: { results: ITEMS } });
    await readResults(reader);
    expect(reader.events.map(({ lines }) => lines[0]?.flags)).toEqual([
      ['batch_owner_unknown'],
      ['batch_owner_unknown'],
    ]);
    expect(reader.events[0]).toMatchObject({
      attribution: { team: 'support' },
      requestModel: HAIKU,
      startedAtMs: Date.parse('2026-11-20T12:00:00.500Z'),
      endedAtMs: Date.parse(ENDED_AT),
    });
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });

    parts.clock.advance(5 * HOUR_MS);
    const later = startProcess({ ...parts, owners, team: 'search', script: { results: ITEMS } });
    await readResults(later);
    expect(later.events).toEqual([]);
    expect((await budgetNow(parts.gate)).spent).toBe(2n * ITEM_COST);
  });

  it('is charged once, too, where two processes share nothing but the gate', async () => {
    const parts = sharedParts();
    const [first, second] = [1, 2].map(() => startProcess({ ...parts, script: { results: ITEMS } }));
    if (!first || !second) throw new Error('two processes were started');
    await readResults(first);
    await readResults(second);
    expect(second.events).toEqual(first.events);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });

  it('is never withheld from its reader, whatever the registry says of the team', async () => {
    const parts = sharedParts({ ...budgetOf('100'), unknownTeams: 'refuse' });
    const app = startProcess({ ...parts, team: 'nobody', script: { results: ITEMS } });
    expect(await readResults(app)).toEqual(ITEMS);
    expect(app.events.map(({ attribution }) => attribution.team)).toEqual(['unassigned', 'unassigned']);
  });
});

describe('results that are not read', () => {
  it('stay set aside for another day at each look at the ended batch', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    await createdBatch(app);
    parts.clock.advance(24 * HOUR_MS);
    await app.claude.messages.batches.retrieve(BATCH_ID);
    await app.meter.settled();
    parts.clock.advance(20 * HOUR_MS);
    expect((await budgetNow(parts.gate)).held).toBeGreaterThan(0n);
    await readResults(app);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });

  it('end their hold by time when nobody looks, and are charged in full when read all the same', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    await createdBatch(app);
    parts.clock.advance(3 * 24 * HOUR_MS);
    expect((await budgetNow(parts.gate)).held).toBe(0n);
    await readResults(app);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
    expect(app.logs.some((text) => text.includes('its hold is over'))).toBe(true);
  });

  it('are named in the log when the batch is deleted, and not when they were read', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    const warned = () => app.logs.some((text) => text.includes('was deleted before'));
    await createdBatch(app);
    await app.claude.messages.batches.delete(BATCH_ID);
    await app.meter.settled();
    expect(warned()).toBe(true);
    app.logs.length = 0;
    await readResults(app);
    await app.claude.messages.batches.delete(BATCH_ID);
    await app.meter.settled();
    expect(warned()).toBe(false);
  });
});

describe('when something of ours fails while results are read', () => {
  it('an item whose row cannot be written is neither charged nor forgotten: the next reading counts it', async () => {
    const parts = sharedParts();
    let isFull = true;
    const app = startProcess({
      ...parts,
      script: { results: ITEMS },
      recordOutcome() {
        if (isFull) throw new Error('disk full');
      },
    });
    await createdBatch(app);
    expect(await readResults(app)).toEqual(ITEMS);
    expect((await budgetNow(parts.gate)).spent).toBe(0n);
    expect((await budgetNow(parts.gate)).held).toBeGreaterThan(0n);
    isFull = false;
    await readResults(app);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });

  it('a gate that is away leaves rows with their holds to recovery, is not asked for each, and the batch’s hold stands', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const parts = sharedParts();
    let asked = 0;
    const app = startProcess({
      ...parts,
      script: { results: Array.from({ length: 200 }, (_, index) => succeeded(`item-${index}`)) },
      disturbedGate: (gate) => ({
        ...gate,
        settle() {
          asked += 1;
          return Promise.reject(new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'away' }));
        },
      }),
    });
    await app.claude.messages.batches.create(REQUESTS);
    for await (const _item of await app.claude.messages.batches.results(BATCH_ID));
    await vi.runAllTimersAsync();
    await app.meter.settled();
    expect(app.holds.size).toBe(200);
    expect([...app.holds.values()].every((hold) => hold !== null)).toBe(true);
    expect(asked).toBeLessThanOrEqual(16 * 6);
    expect(app.settlements).toEqual([]);
    expect((await budgetNow(parts.gate)).held).toBeGreaterThan(0n);
  });

  it('lines that are no results are reported and the others counted', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: [{ strange: true }, ...ITEMS] } });
    await createdBatch(app);
    await readResults(app);
    expect(app.events).toHaveLength(2);
    expect(app.logs.some((text) => text.includes('not readable'))).toBe(true);
  });
});
