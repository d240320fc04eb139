import type { BatchAdditions, BatchKey, BatchOwner, Clock, LiveBatches } from '@tallygate/usage';
import { BATCH_LIFE_MS } from './batch-life.ts';

interface Remembered {
  owner: BatchOwner | null;
  endedAtMs: number | null;
  counted: Set<string>;
  isWhole: boolean;
  isKept: boolean;
  sinceMs: number;
}

/** The live copy of the process that keeps the budgets for the others. Some 100 bytes an item. */
export function createMemoryBatches({ clock }: { clock: Clock }): LiveBatches {
  const batches = new Map<string, Remembered>();

  function remembered(key: BatchKey): Remembered {
    const name = JSON.stringify([key.organization, key.batchId]);
    const known = batches.get(name);
    if (known) return known;
    forgetOld(batches, clock.nowMs() - BATCH_LIFE_MS);
    const batch = {
      ...{ owner: null, endedAtMs: null, counted: new Set<string>() },
      ...{ isWhole: false, isKept: false, sinceMs: clock.nowMs() },
    };
    batches.set(name, batch);
    return batch;
  }

  return {
    async merge(key, additions) {
      const batch = remembered(key);
      add(batch, additions);
      const { owner, endedAtMs, counted, isWhole, isKept } = batch;
      return {
        owner: owner && { ...structuredClone(owner), endedAtMs },
        countedItems: counted.size,
        isWhole,
        isKept,
      };
    },
    countedItems: async (key) => [...remembered(key).counted],
    close: async () => {},
  };
}

function add(batch: Remembered, { owner, endedAtMs, eventIds = [], isWhole, isKept }: BatchAdditions): void {
  batch.owner ??= structuredClone(owner) ?? null;
  batch.endedAtMs ??= endedAtMs ?? owner?.endedAtMs ?? null;
  for (const id of eventIds) batch.counted.add(id);
  batch.isWhole ||= isWhole === true;
  batch.isKept ||= isKept === true;
}

/** A Map keeps the order of insertion, so the old ones come first. */
function forgetOld(batches: Map<string, Remembered>, beforeMs: number): void {
  for (const [name, { sinceMs }] of batches) {
    if (sinceMs > beforeMs) return;
    batches.delete(name);
  }
}
