import {
  type BatchFact,
  type BatchFacts,
  type BatchKey,
  type BatchOwner,
  type BatchOwners,
  type LiveBatch,
  type LiveBatches,
  TallygateError,
} from '@tallygate/usage';

export interface DurableBatchOwnersParts {
  /** Decides who came first. May lose everything: what it lacks is read from the facts again. */
  live: LiveBatches;
  facts: BatchFacts;
}

/** As many as a script of Redis takes without keeping others waiting. */
const RESTORED_AT_ONCE = 1_000;

/**
 * `BatchOwners` that outlive every process, and the loss of either copy: the live one answers, the facts remain. An owner is in
 * both when `put` resolves.
 */
export function createDurableBatchOwners({ live, facts }: DurableBatchOwnersParts): BatchOwners {
  async function standing(key: BatchKey): Promise<LiveBatch> {
    const batch = await live.merge(key, {});
    return batch.isWhole ? batch : restored(key, await facts.read(key));
  }

  /** Marked whole with the last portion: whoever asks in between restores it once more, which changes nothing. */
  async function restored(key: BatchKey, known: BatchFact[]): Promise<LiveBatch> {
    const { owner, endedAtMs, eventIds } = summed(known);
    for (let start = 0; start < eventIds.length; start += RESTORED_AT_ONCE)
      await live.merge(key, { eventIds: eventIds.slice(start, start + RESTORED_AT_ONCE) });
    return live.merge(key, {
      ...(owner === null ? {} : { owner, isKept: true as const }),
      ...(endedAtMs === null ? {} : { endedAtMs }),
      isWhole: true,
    });
  }

  return {
    async put(owner) {
      const stands = owner.adopted ? await standing(owner) : null;
      if (stands?.owner && stands.isKept) return stands.owner;
      const merged = await live.merge(owner, { owner }).catch((error: unknown) => unlessNew(owner, error));
      const first = merged?.owner ?? owner;
      if (merged?.isKept) return first;
      // Also by one that came second: nobody may be told of an owner that is not kept.
      await facts.append(owner, { kind: 'owner', owner: first });
      if (merged !== null) await live.merge(owner, { isKept: true });
      return first;
    },
    get: async (key) => (await standing(key)).owner,
    async markEnded(key, endedAtMs) {
      const { owner } = await standing(key);
      if (owner === null || owner.endedAtMs !== null) return owner;
      const ended = await live.merge(key, { endedAtMs });
      await facts.append(key, { kind: 'ended', endedAtMs: ended.owner?.endedAtMs ?? endedAtMs });
      return ended.owner;
    },
    async countedItems(key) {
      await standing(key);
      return new Set(await live.countedItems(key));
    },
    async markItemsCounted(key, eventIds) {
      const before = await standing(key);
      if (eventIds.length === 0) return before.countedItems;
      // Kept first: items that are live and not kept could be charged again after a loss.
      await facts.append(key, { kind: 'counted', eventIds: [...eventIds] });
      return (await live.merge(key, { eventIds })).countedItems;
    },
  };
}

/** A batch that was created a moment ago has no other owner: it need not wait for a live copy that is away. */
function unlessNew({ adopted }: BatchOwner, error: unknown): null {
  const isOutage = TallygateError.isInstance(error) && error.code === 'TALLYGATE_LEDGER_UNAVAILABLE';
  if (adopted || !isOutage) throw error;
  return null;
}

/** The first owner, and the first end. */
function summed(facts: readonly BatchFact[]) {
  let owner: BatchOwner | null = null;
  let endedAtMs: number | null = null;
  const eventIds: string[] = [];
  for (const fact of facts) {
    if (fact.kind === 'owner') owner ??= fact.owner;
    else if (fact.kind === 'ended') endedAtMs ??= fact.endedAtMs;
    else for (const id of fact.eventIds) eventIds.push(id);
  }
  return { owner, endedAtMs: owner?.endedAtMs ?? endedAtMs, eventIds };
}
