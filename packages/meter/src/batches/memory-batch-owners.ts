import type { BatchKey, BatchOwner, BatchOwners, Clock } from '@tallygate/usage';

/** The provider keeps results for 29 days; two more cover a batch that took its whole day and a clock that is off. */
const KEPT_MS = 31 * 24 * 3_600_000;

interface Remembered {
  owner: BatchOwner | null;
  counted: Set<string>;
  sinceMs: number;
}

/**
 * `BatchOwners` of one process: exact while it lives, forgotten with it. A batch whose results are read after a restart is then
 * charged to its reader and flagged. Memory: some 100 bytes an item until the provider has dropped the results.
 */
export function createMemoryBatchOwners({ clock }: { clock: Clock }): BatchOwners {
  const batches = new Map<string, Remembered>();
  const nameOf = ({ organization, batchId }: BatchKey) => JSON.stringify([organization, batchId]);

  function remembered(key: BatchKey): Remembered {
    const known = batches.get(nameOf(key));
    if (known) return known;
    forgetOld();
    const batch = { owner: null, counted: new Set<string>(), sinceMs: clock.nowMs() };
    batches.set(nameOf(key), batch);
    return batch;
  }

  /** A Map keeps the order of insertion, so the old ones come first. */
  function forgetOld(): void {
    for (const [name, { sinceMs }] of batches) {
      if (sinceMs > clock.nowMs() - KEPT_MS) return;
      batches.delete(name);
    }
  }

  return {
    async put(owner) {
      const batch = remembered(owner);
      batch.owner ??= structuredClone(owner);
      return structuredClone(batch.owner);
    },
    async get(key) {
      return structuredClone(batches.get(nameOf(key))?.owner ?? null);
    },
    async markEnded(key, endedAtMs) {
      const owner = batches.get(nameOf(key))?.owner ?? null;
      if (owner !== null) owner.endedAtMs ??= endedAtMs;
      return structuredClone(owner);
    },
    async countedItems(key) {
      return new Set(batches.get(nameOf(key))?.counted);
    },
    async markItemsCounted(key, eventIds) {
      if (eventIds.length === 0) return batches.get(nameOf(key))?.counted.size ?? 0;
      const { counted } = remembered(key);
      for (const id of eventIds) counted.add(id);
      return counted.size;
    },
  };
}
