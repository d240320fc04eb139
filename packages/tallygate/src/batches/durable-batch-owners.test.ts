import { createMemoryBatches } from '@tallygate/gate';
import {
  type BatchFact,
  type BatchFacts,
  type BatchOwner,
  type LiveBatches,
  systemClock,
  TallygateError,
} from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDurableBatchOwners } from './durable-batch-owners.ts';

const SEED = 20261121;
const away = new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'The ledger is away.' });

function ownerOf(requestModel: string, changes: Partial<BatchOwner> = {}): BatchOwner {
  const nobody = { userPseudonym: null, workflow: null, taskType: null, tags: {} };
  return {
    ...{ organization: 'acme', batchId: 'msgbatch_1', backend: 'anthropic', place: null, hold: null },
    attribution: { team: 'support', feature: 'mail', environment: 'test', ...nobody },
    ...{ itemCount: null, requestModel, otherRequestModels: {}, createdAtMs: 1_000, endedAtMs: null },
    ...{ configVersion: 0, adopted: true, ...changes },
  };
}

/** A ledger that can be away, and a live copy that can lose everything. */
function twoCopies() {
  const kept: BatchFact[] = [];
  const ledger = { isAway: false };
  const facts: BatchFacts = {
    append: async (_key, fact) => {
      if (ledger.isAway) throw away;
      kept.push(structuredClone(fact));
    },
    read: async () => {
      if (ledger.isAway) throw away;
      return structuredClone(kept);
    },
    unendedHolds: async () => [],
  };
  let copy = createMemoryBatches({ clock: systemClock });
  const redis = { isAway: false };
  const live: LiveBatches = {
    merge: async (key, additions) => {
      if (redis.isAway) throw away;
      return copy.merge(key, additions);
    },
    countedItems: (key) => copy.countedItems(key),
    close: async () => {},
  };
  const loseLive = () => {
    copy = createMemoryBatches({ clock: systemClock });
  };
  return { owners: createDurableBatchOwners({ live, facts }), kept, ledger, redis, loseLive };
}

describe('owners of batches in two copies', () => {
  it('are not said to be stored while the ledger is away, and are stored by the next try', async () => {
    const { owners, kept, ledger } = twoCopies();
    const owner = ownerOf('a', { adopted: false });
    ledger.isAway = true;
    await expect(owners.put(owner)).rejects.toBe(away);
    ledger.isAway = false;
    expect(await owners.put(owner)).toEqual(owner);
    expect(await owners.put(owner)).toEqual(owner);
    expect(kept).toEqual([{ kind: 'owner', owner }]);
  });

  it('are kept while the live copy is away, where they are new: another one must be told who came first', async () => {
    const { owners, redis } = twoCopies();
    const creator = ownerOf('a', { adopted: false });
    redis.isAway = true;
    expect(await owners.put(creator)).toEqual(creator);
    await expect(owners.put(ownerOf('b'))).rejects.toBe(away);
    redis.isAway = false;
    expect(await owners.put(ownerOf('b'))).toEqual(creator);
    expect(await owners.get(creator)).toEqual(creator);
  });

  it('are answered by the live copy alone once it is whole', async () => {
    const { owners, ledger } = twoCopies();
    const owner = ownerOf('a');
    await owners.put(owner);
    ledger.isAway = true;
    expect(await owners.get(owner)).toEqual(owner);
    expect(await owners.countedItems(owner)).toEqual(new Set());
  });

  it('hold what they have acknowledged, whenever ledger or live copy are away', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), model: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constant('count' as const), ids: fc.array(fc.constantFrom('1', '2', '3', '4')) }),
      fc.record({ do: fc.constant('end' as const), atMs: fc.nat() }),
      fc.record({ do: fc.constantFrom('lose' as const, 'leave' as const, 'return' as const) }),
    );
    let acknowledgements = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { owners, ledger, loseLive } = twoCopies();
        const key = ownerOf('');
        const counted = new Set<string>();
        let standing: string | null = null;
        for (const taken of steps) {
          if (taken.do === 'lose') loseLive();
          else if (taken.do === 'leave' || taken.do === 'return') ledger.isAway = taken.do === 'leave';
          else if (taken.do === 'put') {
            const stored = await owners.put(ownerOf(taken.model)).catch(unlessAway);
            if (stored) expect(stored.requestModel).toBe(standing ?? stored.requestModel);
            standing = stored?.requestModel ?? standing;
          } else if (taken.do === 'count') {
            const total = await owners.markItemsCounted(key, taken.ids).catch(unlessAway);
            if (total !== null) for (const id of taken.ids) counted.add(id);
          } else if (taken.do === 'end') await owners.markEnded(key, taken.atMs).catch(unlessAway);
        }
        ledger.isAway = false;
        loseLive();
        acknowledgements += counted.size + Number(standing !== null);
        expect((await owners.get(key))?.requestModel ?? null).toBe(standing);
        expect(await owners.countedItems(key)).toEqual(counted);
      }),
      { seed: SEED, numRuns: 300 },
    );
    expect(acknowledgements).toBeGreaterThan(100);
  });
});

function unlessAway(error: unknown): null {
  expect(error).toBe(away);
  return null;
}
