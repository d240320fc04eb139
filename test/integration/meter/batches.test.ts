import { BudgetExceededError, contractedCostNanoUsd, type UsageEvent } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import {
  BATCH_ID,
  budgetNow,
  budgetOf,
  CREATED_MS,
  createdBatch,
  ENDED_AT,
  errored,
  HAIKU,
  HOUR_MS,
  ITEM_COST,
  ITEMS,
  type MeteredProcess,
  message,
  REQUESTS,
  readResults,
  requestFor,
  sharedParts,
  startProcess,
  succeeded,
  unprocessed,
} from './batch-rig.ts';

const costOf = (events: UsageEvent[]) =>
  events.reduce((sum, event) => sum + contractedCostNanoUsd(event), 0n);

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

  it('is priced to the half nano: what rounding took is kept in pico-USD', async () => {
    const parts = sharedParts();
    const usage = {
      input_tokens: 0,
      output_tokens: 0,
      cache_creation_input_tokens: 1,
      cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 0 },
    };
    const app = startProcess({ ...parts, script: { results: [succeeded('item-1', message(usage))] } });
    await createdBatch(app, { requests: [requestFor('item-1')] });
    await readResults(app);
    // A 5-minute write lists 125 nano-USD; half of that is 62.5, which goes to the even 62.
    expect(app.events[0]?.lines).toMatchObject([{ listCostNanoUsd: 62n, roundingPicoUsd: 500 }]);
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

describe('a large batch', () => {
  it('is added up in full, in turns with other work of the process', async () => {
    const parts = sharedParts(budgetOf('100000'));
    const app = startProcess({ ...parts, script: { results: [] } });
    await createdBatch(app, { requests: [requestFor('item-0')] });
    const { held } = await budgetNow(parts.gate);
    const large = startProcess({ ...sharedParts(budgetOf('100000')), script: { results: [] } });
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 0);
    await createdBatch(large, {
      requests: Array.from({ length: 5_000 }, (_, index) => requestFor(`item-${index}`)),
    });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(5);
    expect((await budgetNow(large.gate)).held).toBe(5_000n * held);
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

describe('a denied batch', () => {
  it('is not sent, and the denial names what the whole would need', async () => {
    const parts = sharedParts(budgetOf('0.0005'));
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    const error = await app.claude.messages.batches.create(REQUESTS).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect((error as BudgetExceededError).denial.needed).toBeGreaterThan(500_000n);
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

describe('when an answer to creation cannot be used', () => {
  it('the caller gets it as it is, the log says so, and the hold stands: a batch may run', async () => {
    for (const answer of [() => new Response('<html>'), () => Response.json({ id: 1 })]) {
      const parts = sharedParts();
      const app = startProcess({ ...parts, script: { results: [], create: answer } });
      const raw = await app.claude.messages.batches.create(REQUESTS).asResponse();
      expect(await raw.text()).toBe(await answer().text());
      await app.meter.settled();
      expect((await budgetNow(parts.gate)).held).toBeGreaterThan(0n);
      expect(app.logs.some((text) => text.includes('without telling its id'))).toBe(true);
    }
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

  it.each([
    ['a metered fetch', 'fetched'],
    ['a wrapped client above a metered fetch', 'doubled'],
  ] as const)('is metered once by %s', async (_name, kind) => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, script: { results: ITEMS } });
    const client = app[kind]();
    await client.messages.batches.create(REQUESTS);
    const once = (await budgetNow(parts.gate)).held;
    const plain = startProcess({ ...sharedParts(), script: { results: ITEMS } });
    await createdBatch(plain);
    expect(once).toBe((await budgetNow(plain.gate)).held);
    const values: unknown[] = [];
    for await (const item of await client.messages.batches.results(BATCH_ID)) values.push(item);
    await app.meter.settled();
    expect(values).toEqual(ITEMS);
    expect(app.events).toHaveLength(2);
    expect(await budgetNow(parts.gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
  });

  it('is not disturbed by a defect of ours while the meter observes', async () => {
    const parts = sharedParts();
    const app = startProcess({ ...parts, mode: 'observe', script: { results: ITEMS } });
    const attribution = Object.defineProperty({}, 'team', {
      enumerable: true,
      get() {
        throw new Error('a defect');
      },
    });
    const batch = await app.claude.messages.batches.create(REQUESTS, { attribution });
    expect(batch.id).toBe(BATCH_ID);
    expect(app.logs).toContain('batch not admitted, it goes on unmetered');
    const values: unknown[] = [];
    const results = await app.claude.messages.batches.results(BATCH_ID, {}, { attribution });
    for await (const item of results) values.push(item);
    expect(values).toEqual(ITEMS);
    expect(app.logs).toContain('results of a batch are read uncounted');
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
