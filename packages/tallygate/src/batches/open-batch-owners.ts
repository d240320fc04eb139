import { createMemoryBatches, openRedisBatches } from '@tallygate/gate';
import type { BatchFacts, BatchOwners, Clock, Logger } from '@tallygate/usage';
import { createDurableBatchOwners } from './durable-batch-owners.ts';
import { createJournaledFacts } from './journaled-facts.ts';

export interface BatchOwnersOptions {
  /** null: this process answers all that share the ledger, and its memory decides who came first. */
  redisUrl: string | null;
  /** null: there is no engine here. */
  ledger: BatchFacts | null;
  /** Of the journal; null where nothing can be written. */
  directory: string | null;
  clock: Clock;
  logger: Logger;
}

export interface OpenBatchOwners {
  batchOwners: BatchOwners;
  /** For a gate that is rebuilt: each may have been ended since, as a settlement says that is still in a spool. */
  unendedHolds: BatchFacts['unendedHolds'];
  close(): Promise<void>;
}

/** For the process that has the ledger; all others ask it. Connects to nothing yet. */
export function openBatchOwners(options: BatchOwnersOptions): OpenBatchOwners {
  const { redisUrl, clock, logger } = options;
  const live =
    redisUrl === null ? createMemoryBatches({ clock }) : openRedisBatches({ url: redisUrl, logger });
  const facts = createJournaledFacts(options);
  void facts.sendWaiting();
  return {
    batchOwners: createDurableBatchOwners({ live, facts }),
    unendedHolds: facts.unendedHolds,
    close: live.close,
  };
}
