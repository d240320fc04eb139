import {
  type BatchOwner,
  type BatchOwners,
  batchOwnerSchema,
  derivedEventId,
  toWireJson,
} from '@tallygate/usage';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

/** Of all suites of a file: they may have one store. */
let batches = 0;

/** What every store of batch owners promises. `open()` answers one that may hold other batches; each test has its own. */
export function describeBatchOwners(name: string, open: () => Promise<BatchOwners>): void {
  describe(`batch owners: ${name}`, () => {
    let owners: BatchOwners;
    let batchId = '';
    beforeEach(async () => {
      owners = await open();
      batches += 1;
      batchId = `msgbatch_${process.pid}_${batches}`;
    });

    const owner = (changes: Partial<BatchOwner> = {}): BatchOwner => ({
      ...structuredClone(someOwner),
      batchId,
      ...changes,
    });
    const key = (changes: Partial<BatchOwner> = {}) => ({ organization: 'acme', batchId, ...changes });
    const itemId = (index: number) => derivedEventId('contract', `${batchId}/${index}`);

    it('gives an owner back as it was put, amounts exact, texts of any script', async () => {
      const whole = owner({
        attribution: {
          ...someOwner.attribution,
          workflow: 'nächtlich 🌙',
          tags: { 'cost-centre': '"4711"' },
        },
        otherRequestModels: { hash: 'claude-opus-5-5' },
      });
      expect(await owners.put(whole)).toEqual(whole);
      const stored = await owners.get(key());
      expect(stored).toEqual(whole);
      expect(batchOwnerSchema.parse(JSON.parse(toWireJson(stored)))).toEqual(whole);
    });

    it('knows nothing of a batch that nobody put, and of one of another organization', async () => {
      expect(await owners.get(key())).toBeNull();
      expect(await owners.countedItems(key())).toEqual(new Set());
      expect(await owners.markItemsCounted(key(), [])).toBe(0);
      expect(await owners.markEnded(key(), 1)).toBeNull();
      await owners.put(owner());
      await owners.markItemsCounted(key(), [itemId(1)]);
      expect(await owners.get(key({ organization: 'other' }))).toBeNull();
      expect(await owners.countedItems(key({ organization: 'other' }))).toEqual(new Set());
    });

    it('keeps the first owner, and tells every later one who that is', async () => {
      const first = owner();
      const later = owner({ attribution: { ...first.attribution, team: 'search' }, adopted: true });
      await owners.put(first);
      expect(await owners.put(later)).toEqual(first);
      expect(await owners.get(key())).toEqual(first);
    });

    it('lets exactly one of many owners win that are put at once', async () => {
      const asked = Array.from({ length: 8 }, (_, index) => owner({ requestModel: `model-${index}` }));
      const answers = await Promise.all(asked.map((one) => owners.put(one)));
      expect(new Set(answers.map(({ requestModel }) => requestModel)).size).toBe(1);
      expect(await owners.get(key())).toEqual(answers[0]);
    });

    it('keeps the first end that anybody saw, also against one that was put with it', async () => {
      await owners.put(owner());
      const ended = await Promise.all([owners.markEnded(key(), 5_000), owners.markEnded(key(), 6_000)]);
      const [first] = ended;
      expect(first?.endedAtMs === 5_000 || first?.endedAtMs === 6_000).toBe(true);
      expect(ended).toEqual([first, first]);
      expect(await owners.markEnded(key(), 7_000)).toEqual(first);
      expect((await owners.put(owner({ endedAtMs: 8_000 }))).endedAtMs).toBe(first?.endedAtMs);
    });

    it('counts each item once, however often and by whomever it is marked', async () => {
      await owners.put(owner());
      const portions = [
        [1, 2, 3],
        [3, 4],
        [4, 4, 1],
      ].map((indexes) => indexes.map(itemId));
      await Promise.all(portions.map((portion) => owners.markItemsCounted(key(), portion)));
      expect(await owners.markItemsCounted(key(), [])).toBe(4);
      expect(await owners.countedItems(key())).toEqual(new Set([1, 2, 3, 4].map(itemId)));
    });

    it('counts items of a batch that has no owner yet, and keeps them when it gets one', async () => {
      expect(await owners.markItemsCounted(key(), [itemId(1)])).toBe(1);
      await owners.put(owner());
      expect(await owners.countedItems(key())).toEqual(new Set([itemId(1)]));
    });

    it('holds a batch of the largest size, 100,000 items', async () => {
      const ids = Array.from({ length: 100_000 }, (_, index) => itemId(index));
      for (let start = 0; start < ids.length; start += 5_000)
        await owners.markItemsCounted(key(), ids.slice(start, start + 5_000));
      expect(await owners.markItemsCounted(key(), [])).toBe(100_000);
      expect((await owners.countedItems(key())).has(itemId(99_999))).toBe(true);
    });

    it('is not changed by what callers do to what they gave or got', async () => {
      const given = owner();
      const got = await owners.put(given);
      given.attribution.team = 'changed';
      got.attribution.team = 'changed';
      expect((await owners.get(key()))?.attribution.team).toBe('support');
    });

    it('is a set, whatever portions readers mark in whatever order', async () => {
      let runs = 0;
      const portions = fc.array(fc.array(fc.nat({ max: 20 })), { maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(portions, async (marked) => {
          runs += 1;
          const own = key({ batchId: `${batchId}_${runs}` });
          await Promise.all(marked.map((portion) => owners.markItemsCounted(own, portion.map(itemId))));
          const expected = new Set(marked.flat().map(itemId));
          expect(await owners.countedItems(own)).toEqual(expected);
          expect(await owners.markItemsCounted(own, [])).toBe(expected.size);
        }),
        { seed: 20261121, numRuns: 50 },
      );
    });
  });
}

const someOwner: BatchOwner = {
  organization: 'acme',
  batchId: 'msgbatch_0',
  attribution: {
    team: 'support',
    feature: 'mail',
    environment: 'test',
    userPseudonym: null,
    workflow: null,
    taskType: null,
    tags: {},
  },
  backend: 'anthropic',
  place: null,
  hold: {
    attemptId: '01a2b3c4-0000-7000-8000-000000000001',
    organization: 'acme',
    epoch: 'epoch-1',
    budgetInstantMs: 1_000,
    expiryBucket: 7,
    entries: [
      {
        key: 'support:month:2026-11-01',
        expected: 9_223_372_036_854_775_807n,
        worst: 1n,
        periodStartMs: 0,
        periodEndMs: 2_000,
      },
    ],
  },
  itemCount: 4,
  requestModel: 'claude-haiku-5-5',
  otherRequestModels: {},
  createdAtMs: 1_000,
  endedAtMs: null,
  configVersion: 3,
  adopted: false,
};
