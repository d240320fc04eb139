import { z } from 'zod';
import { attributionSchema } from './attribution.ts';
import { type Hold, holdSchema } from './hold.ts';
import { backendSchema } from './usage-event.ts';

const instantMs = z.number().int().min(0);

/**
 * Who pays for a message batch. It is written when the batch is created and read when its results are, which can be a day
 * later and in another process: without it the spend of a batch lands on nobody.
 */
export const batchOwnerSchema = z.object({
  organization: z.string().min(1),
  /** The provider's id of the batch. */
  batchId: z.string().min(1),
  attribution: attributionSchema,
  backend: backendSchema,
  /** Where a partner's cloud runs it; null on the Claude API, which says so in each answer. */
  place: z.string().nullable(),
  /** Over the whole batch; null when no gate could be asked. Its periods are those that every item is charged to. */
  hold: holdSchema.nullable(),
  /** How many items there are; null for a batch that was created out of sight. */
  itemCount: z.number().int().min(0).nullable(),
  /** The model that most items asked for; "" where nobody here saw the requests. */
  requestModel: z.string(),
  /** The items that asked for another model, by the hash of their custom id: custom ids can name people. */
  otherRequestModels: z.record(z.string(), z.string()),
  createdAtMs: instantMs,
  /** When processing ended; null until somebody has seen it. One value for all readers, so that all write the same rows. */
  endedAtMs: instantMs.nullable(),
  /** Version of the configuration that attribution and estimate were computed with. */
  configVersion: z.number().int().min(0),
  /** True: the batch was created out of sight, and whoever first read its results pays. */
  adopted: z.boolean(),
});
export type BatchOwner = z.output<typeof batchOwnerSchema>;

export type BatchKey = Pick<BatchOwner, 'organization' | 'batchId'>;

/**
 * Remembers batches from their creation to the last item. Every method may be repeated and may race with other processes that
 * read the same batch: the first owner and the first end stay, and items are a set. Each keeps its own deadline and rejects
 * with `TALLYGATE_LEDGER_UNAVAILABLE` when it cannot answer; it never answers "unknown" instead. Results can be read for 29
 * days, so nothing may be forgotten before that.
 */
export interface BatchOwners {
  /** Stores the owner unless there is one; answers the one that stands. */
  put(owner: BatchOwner): Promise<BatchOwner>;
  get(key: BatchKey): Promise<BatchOwner | null>;
  /** Notes when processing ended, unless it is known; answers the owner as it stands, null for an unknown batch. */
  markEnded(key: BatchKey, endedAtMs: number): Promise<BatchOwner | null>;
  /** Event ids of the items whose charge is already somebody's duty. Empty for an unknown batch. */
  countedItems(key: BatchKey): Promise<ReadonlySet<string>>;
  /**
   * Adds items, by event id, and answers how many different ones there are now; none asks only. A batch needs no owner here.
   * Called after the item's row is durable and before it is settled: a crash in between leaves the settling to recovery.
   */
  markItemsCounted(key: BatchKey, eventIds: readonly string[]): Promise<number>;
}

/** What is known of a batch, one thing at a time. Facts only add up: one that is kept twice changes nothing. */
export const batchFactSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('owner'), owner: batchOwnerSchema }),
  z.object({ kind: z.literal('ended'), endedAtMs: instantMs }),
  /** Items, by event id. */
  z.object({ kind: z.literal('counted'), eventIds: z.array(z.string()) }),
]);
export type BatchFact = z.output<typeof batchFactSchema>;

/** Where facts of batches outlive every process and every live copy. Rejects with `TALLYGATE_LEDGER_UNAVAILABLE`. */
export interface BatchFacts {
  /** Resolves when the fact is kept. */
  append(key: BatchKey, fact: BatchFact): Promise<void>;
  /** All of one batch, oldest first; none for an unknown one. */
  read(key: BatchKey): Promise<BatchFact[]>;
  /** Holds over batches created since then, as they were made, that no settlement is kept of. */
  unendedHolds(organization: string, createdFromMs: number): Promise<Hold[]>;
}

/** A batch in the live copy. */
export interface LiveBatch {
  /** With the end that stands. */
  owner: BatchOwner | null;
  countedItems: number;
  /** True: nothing that was kept of it is missing here. */
  isWhole: boolean;
  /** True: its owner is kept elsewhere too. */
  isKept: boolean;
}

export interface BatchAdditions {
  owner?: BatchOwner;
  endedAtMs?: number;
  eventIds?: readonly string[];
  isWhole?: true;
  isKept?: true;
}

/**
 * The live copy of batches, which decides who came first. It may lose everything at any time. Rejects with
 * `TALLYGATE_LEDGER_UNAVAILABLE` within a deadline of its own.
 */
export interface LiveBatches {
  /** Adds what is not known yet, in one step; answers what stands then. Nothing to add asks only. */
  merge(key: BatchKey, additions: BatchAdditions): Promise<LiveBatch>;
  countedItems(key: BatchKey): Promise<string[]>;
  close(): Promise<void>;
}
