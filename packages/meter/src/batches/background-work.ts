import type { Logger } from '@tallygate/usage';

/** Work that no caller waits for, but that closing does. */
export interface BackgroundWork {
  /** Tasks of one batch run one after another; a failure is logged and ends only its task. */
  run(batchId: string, task: () => Promise<void>): void;
  /** Resolves when the tasks of this batch that were given so far are done. */
  tasksOf(batchId: string): Promise<void>;
  /** Something of which only the end matters. Must not reject. */
  track(work: Promise<unknown>): void;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

export function createBackgroundWork(logger: Logger): BackgroundWork {
  const chains = new Map<string, Promise<void>>();
  const tracked = new Set<Promise<unknown>>();

  return {
    run(batchId, task) {
      const chain = (chains.get(batchId) ?? Promise.resolve())
        .then(task)
        .catch((error: unknown) => {
          logger.error('metering of a batch failed', { batchId, error: String(error) });
        })
        .finally(() => {
          if (chains.get(batchId) === chain) chains.delete(batchId);
        });
      chains.set(batchId, chain);
    },
    tasksOf: (batchId) => chains.get(batchId) ?? Promise.resolve(),
    track(work) {
      const entry = work.finally(() => tracked.delete(entry));
      tracked.add(entry);
    },
    async idle() {
      while (chains.size + tracked.size > 0) await Promise.all([...chains.values(), ...tracked]);
    },
  };
}
