import { type BatchOwner, type BatchOwners, type Hold, TallygateError } from '@tallygate/usage';
import type { MeterOptions } from '../meter-options.ts';
import type { MeterPorts } from '../ports.ts';
import { createSettler, type Settler } from '../settler.ts';
import { waitMs } from '../wait.ts';
import { type BackgroundWork, createBackgroundWork } from './background-work.ts';
import type { BatchState } from './batch-state.ts';
import { createMemoryBatchOwners } from './memory-batch-owners.ts';

/** What the steps of a batch's life share. One per set of ports. */
export interface BatchParts {
  options: MeterOptions;
  ports: MeterPorts;
  owners: BatchOwners;
  settler: Settler;
  work: BackgroundWork;
  /** Owners that could not be stored yet: this process at least knows who pays. */
  unsaved: Map<string, BatchOwner>;
  /** What the provider last said of a batch: gives rows of batches that were created elsewhere their instants. */
  states: Map<string, BatchState>;
  wait: (delayMs: number) => Promise<void>;
}

export function createBatchParts(options: MeterOptions, ports: MeterPorts): BatchParts {
  const { clock, logger } = options;
  return {
    options,
    ports,
    owners: ports.batchOwners ?? createMemoryBatchOwners({ clock }),
    settler: createSettler({ ...ports, logger, wait: waitMs }),
    work: createBackgroundWork(logger),
    unsaved: new Map(),
    states: new Map(),
    wait: waitMs,
  };
}

/**
 * The provider takes at most 24 hours for a batch. The hour beyond is for reading the results; from then on every look at an
 * ended batch whose results are unread sets its cost aside for as long again.
 */
export const BATCH_HOLD_TTL_MS = 25 * 3_600_000 + 60_000;

const TRIES_MAX = 4;
const FIRST_DELAY_MS = 100;

/** The answer, or null when `work` keeps failing: each failure is logged. Under a second in all, plus what `work` takes. */
export async function persistently<Answer>(
  { options, wait }: Pick<BatchParts, 'wait'> & { options: Pick<MeterOptions, 'logger'> },
  what: string,
  batchId: string,
  work: () => Promise<Answer>,
): Promise<{ answer: Answer } | null> {
  for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
    try {
      return { answer: await work() };
    } catch (error) {
      const code = TallygateError.isInstance(error) ? error.code : String(error);
      options.logger.warn(`${what} failed`, { batchId, attempt, code });
      if (attempt < TRIES_MAX) await wait(FIRST_DELAY_MS * 2 ** (attempt - 1));
    }
  }
  return null;
}

/** Who pays for the batch, or null where nobody here knows. An owner that could not be stored before is stored now. */
export async function ownerOf(parts: BatchParts, batchId: string): Promise<BatchOwner | null> {
  const unsaved = parts.unsaved.get(batchId);
  if (unsaved === undefined) {
    const { snapshot } = await parts.ports.configuration.current();
    return parts.owners.get({ organization: snapshot.organization, batchId });
  }
  const standing = await parts.owners.put(unsaved);
  parts.unsaved.delete(batchId);
  return standing;
}

export function releaseInBackground(parts: BatchParts, hold: Hold | null): void {
  if (hold !== null) parts.work.track(parts.settler.release(hold));
}
