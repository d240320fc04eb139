import { createMemoryBatchOwners } from '@tallygate/meter';
import {
  type BatchOwners,
  BudgetExceededError,
  contractedCostNanoUsd,
  TallygateError,
  type UsageEvent,
} from '@tallygate/usage';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  BATCH_ID,
  budgetNow,
  budgetOf,
  CREATED_MS,
  ENDED_AT,
  errored,
  HAIKU,
  HOUR_MS,
  type MeteredProcess,
  message,
  organization,
  readResults,
  requestFor,
  sharedParts,
  startProcess,
  succeeded,
  unprocessed,
} from './batch-rig.ts';

/** Haiku 5.5 lists 0.1 and 0.5 nano-USD a millitoken: (1001 × 100 + 21 × 500) / 2, halves of whole nano-USD per token. */
const ITEM_COST = 55_300n;
const ITEMS = [succeeded('item-1'), succeeded('item-2')];
const REQUESTS = { requests: [requestFor('item-1'), requestFor('item-2')] };

afterEach(() => void vi.useRealTimers());

const costOf = (events: UsageEvent[]) =>
  events.reduce((sum, event) => sum + contractedCostNanoUsd(event), 0n);
const idsOf = (events: UsageEvent[]) => events.map((event) => event.eventId).sort();

async function createdBatch(process: MeteredProcess, params = REQUESTS) {
  const batch = await process.claude.messages.batches.create(params);
  await process.meter.settled();
  return batch;
}

describe('a batch from creation to its last item', () => {
  it('is held as a whole, charged item by item at exactly half price, and leaves nothing held', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    await createdBatch(app);
    const held = await budgetNow(parts.gate);
    expect(held.spent).toBe(0n);
    // Two requests of up to 1000 tokens out at 250 nano-USD each, and their prompts.
    expect(held.held).toBeGreaterThan(500_000n);

    await readResults(app);
    expect(costOf(app.events)).toBe(2n * ITEM_COST);
    expect(app.events.flatMap(({ lines }) => lines.map((line) => line.roundingPicoUsd))).toEqual([0, 0]);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
    expect(app.settlements.map(({ kind }) => kind)).toEqual(['settle', 'settle', 'release']);
  });

  it('writes rows that follow from the batch alone: instants, owner, batch id, tier and line type', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    await createdBatch(app);
    parts.clock.advance(3 * HOUR_MS);
    await readResults(app);
    const [event] = app.events;
    expect(event).toMatchObject({
      attribution: { team: 'support', feature: 'mail' },
      requestId: BATCH_ID,
      messageId: 'msg_1',
      startedAtMs: CREATED_MS,
      budgetInstantMs: CREATED_MS,
      endedAtMs: Date.parse(ENDED_AT),
      requestModel: HAIKU,
      providerOrganizationId: 'org_1',
      status: 'ok',
      basis: 'reported',
      streamed: false,
      lines: [{ lineType: 'batch_item', serviceTier: 'batch', flags: [] }],
    });
    expect(event?.eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab]/);
    expect(
      JSON.stringify(app.events, (_, item) => (typeof item === 'bigint' ? `${item}` : item)),
    ).not.toMatch(/item-1|grüße/);
  });

  it('gives recovery a hold with each billed row, and none with free ones', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: [succeeded('item-1'), errored('item-2')] } });
    await createdBatch(app);
    await readResults(app);
    const [billed, free] = app.events.map(({ eventId }) => app.holds.get(eventId));
    expect(billed?.attemptId).toBe(app.events[0]?.eventId);
    expect(billed?.entries).toHaveLength(1);
    expect(free).toBeNull();
  });

  it('forces the batch tier where an answer does not name it, and charges compactions of an item', async () => {
    const iterations = [
      { type: 'compaction', input_tokens: 400, output_tokens: 40 },
      { type: 'message', input_tokens: 600, output_tokens: 20 },
    ];
    const parts = sharedParts();
    const app = startProcess({
      ...parts,
      script: { results: [succeeded('item-1', message({ service_tier: null, iterations }))] },
    });
    await createdBatch(app, { requests: [requestFor('item-1')] });
    await readResults(app);
    expect(app.events[0]?.lines.map(({ lineType }) => lineType)).toEqual(['compaction', 'batch_item']);
    expect(costOf(app.events)).toBe((1000n * 100n + 60n * 500n) / 2n);
  });

  it('counts a refusal inside a batch as answered, by the refusal rule of its day', async () => {
    const refusal = (category: string) =>
      message({}, { content: [], stop_reason: 'refusal', stop_details: { type: 'refusal', category } });
    const parts = sharedParts();
    const app = startProcess({
      ...parts,
      script: { results: [succeeded('item-1', refusal('bio')), succeeded('item-2', refusal('cyber'))] },
    });
    await createdBatch(app);
    await readResults(app);
    expect(app.events.map(({ status }) => status)).toEqual(['refused', 'refused']);
    expect(app.events.map(contractedCostNanoUsd)).toEqual([ITEM_COST, 0n]);
    expect(await budgetNow(parts.gate)).toEqual({ spent: ITEM_COST, held: 0n });
  });

  it('keeps the requested model of each item where a batch asks for several', async () => {
    const parts = sharedParts();
    const app = startProcess({
      ...parts,
      pseudonymKey: 'secret',
      script: { results: [errored('item-1'), errored('item-2'), errored('item-3')] },
    });
    const requests = [
      requestFor('item-1'),
      requestFor('item-2', { model: 'claude-opus-5-5' }),
      requestFor('item-3'),
    ];
    await createdBatch(app, { requests });
    await readResults(app);
    expect(app.events.map(({ requestModel }) => requestModel)).toEqual([HAIKU, 'claude-opus-5-5', HAIKU]);
  });
});

describe('items that the provider does not bill', () => {
  it('have rows of no cost with the reason, and free what was held for them', async () => {
    const parts = sharedParts();
    const results = [
      errored('item-1', 'overloaded_error'),
      unprocessed('item-2', 'canceled'),
      unprocessed('item-3', 'expired'),
      succeeded('item-4'),
    ];
    const app = startProcess({ ...parts, script: { results } });
    await createdBatch(app, {
      requests: ['item-1', 'item-2', 'item-3', 'item-4'].map((id) => requestFor(id)),
    });
    await readResults(app);
    expect(app.events.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      ['error', 'overloaded_error'],
      ['error', 'canceled'],
      ['error', 'expired'],
      ['ok', null],
    ]);
    expect(costOf(app.events)).toBe(ITEM_COST);
    expect(await budgetNow(parts.gate)).toEqual({ spent: ITEM_COST, held: 0n });
  });

  it('free the hold without anybody reading results, once the provider counts no succeeded one', async () => {
    const parts = sharedParts();
    const none = { processing: 0, succeeded: 0, errored: 0, canceled: 2, expired: 0 };
    const app = startProcess({ ...parts, script: { results: [], state: { request_counts: none } } });
    await createdBatch(app);
    await app.claude.messages.batches.cancel(BATCH_ID);
    await app.meter.settled();
    expect(await budgetNow(parts.gate)).toEqual({ spent: 0n, held: 0n });
    expect(app.events).toEqual([]);
  });

  it('are never taken for free where the kind of result is new: the row is unknown', async () => {
    const parts = sharedParts();
    const strange = { custom_id: 'item-1', result: { type: 'postponed' } };
    const app = startProcess({ ...parts, script: { results: [strange] } });
    await createdBatch(app, { requests: [requestFor('item-1')] });
    await readResults(app);
    expect(app.events.map(({ status, basis }) => [status, basis])).toEqual([['unknown', 'estimated']]);
  });
});

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

describe('a denied batch', () => {
  it('is not sent, and the denial names what the whole would need', async () => {
    const parts = sharedParts(budgetOf('0.0005'));
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    const error = await app.claude.messages.batches.create(REQUESTS).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect((error as BudgetExceededError).denial.neededNanoUsd).toBeGreaterThan(500_000n);
    expect(app.provider.requests).toEqual([]);
    expect(app.denials.map(({ requestModel }) => requestModel)).toEqual([HAIKU]);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 0n, held: 0n });
  });

  it('is sent all the same while the meter observes, and is recorded as one that would have been denied', async () => {
    const parts = sharedParts(budgetOf('0.0005'));
    const app = startProcess({ ...parts, mode: 'observe', script: { results: ITEMS } });
    await createdBatch(app);
    await readResults(app);
    expect(app.denials.map(({ enforced }) => enforced)).toEqual([false]);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });
});

describe('when creation fails', () => {
  it('a refusal by the provider frees the hold and reaches the caller unchanged', async () => {
    const parts = sharedParts();
    const refusal = { type: 'error', error: { type: 'invalid_request_error', message: 'no' } };
    const app = startProcess({
      ...parts,
      script: { results: [], create: () => Response.json(refusal, { status: 400 }) },
    });
    await expect(app.claude.messages.batches.create(REQUESTS)).rejects.toMatchObject({
      status: 400,
      error: refusal,
    });
    await app.meter.settled();
    expect(await budgetNow(parts.gate)).toEqual({ spent: 0n, held: 0n });
  });

  it('a connection never made frees the hold; one lost after sending keeps it, for the batch may run', async () => {
    const failing = (code: string) => () =>
      Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code } }));
    for (const [code, stands] of [
      ['ECONNREFUSED', false],
      ['ECONNRESET', true],
    ] as const) {
      const parts = sharedParts();
      const app = startProcess({ ...parts, script: { results: [], create: failing(code) } });
      await expect(app.claude.messages.batches.create(REQUESTS)).rejects.toThrow('Connection error');
      await app.meter.settled();
      expect((await budgetNow(parts.gate)).held > 0n).toBe(stands);
      expect(app.logs.some((text) => text.includes('may have been created'))).toBe(stands);
    }
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

describe('the caller', () => {
  const apis = [
    ['GA', (client: MeteredProcess['claude']) => client.messages.batches],
    ['beta', (client: MeteredProcess['claude']) => client.beta.messages.batches],
  ] as const;

  it.each(apis)('sees the same values and bytes with a meter as without (%s)', async (_name, batchesOf) => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS, chunkBytes: 7 } });
    const life = async (client: MeteredProcess['claude']) => {
      const batches = batchesOf(client);
      const created = await batches.create(REQUESTS);
      const seen: unknown[] = [created, await batches.retrieve(BATCH_ID), await batches.cancel(BATCH_ID)];
      for await (const item of await batches.results(BATCH_ID)) seen.push(item);
      return [...seen, await batches.delete(BATCH_ID)];
    };
    expect(await life(app.claude)).toEqual(await life(app.bare));
    await app.meter.settled();
    expect(app.events).toHaveLength(2);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });

  it('sees the error that the provider gives for results that are gone', async () => {
    const parts = sharedParts();
    const app = startProcess({
      ...parts,
      script: { results: ITEMS, state: { results_url: null, archived_at: ENDED_AT } },
    });
    const failure = async (client: MeteredProcess['claude']) =>
      String(await client.messages.batches.results(BATCH_ID).catch((error: unknown) => error));
    expect(await failure(app.claude)).toBe(await failure(app.bare));
  });

  it('reads a response of a created batch in any way, and keeps its headers', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    const raw = await app.claude.messages.batches.create(REQUESTS).asResponse();
    expect(raw.bodyUsed).toBe(false);
    expect(raw.headers.get('request-id')).toBe('req_1');
    expect(await raw.json()).toEqual(app.provider.batch());
  });
});
