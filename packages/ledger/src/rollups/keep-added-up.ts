/** Runs the job of the rollups by itself, in every process that has the store: whoever comes first has the work. */
import type { Logger } from '@tallygate/usage';
import { addUp, type RollupDependencies, sweep } from './add-up.ts';

const EVERY_MS = 45_000;
/** Processes that were started together do not stay together. */
const JITTER_MS = 15_000;
const SWEEP_EVERY_MS = 3_600_000;

export interface Keeping {
  /** Resolves when the run that was on its way has ended. */
  stop(): Promise<void>;
}

/** A run that fails is logged and tried again: sums do not depend on it. The timer keeps no process alive. */
export function keepAddedUp(rollups: RollupDependencies, logger: Logger): Keeping {
  const { clock } = rollups;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let sweptAtMs = clock.monotonicMs();
  let timer: NodeJS.Timeout;

  async function run(): Promise<void> {
    try {
      while (!stopped && (await addUp(rollups)).more);
      if (stopped || clock.monotonicMs() - sweptAtMs < SWEEP_EVERY_MS) return;
      sweptAtMs = clock.monotonicMs();
      await sweep(rollups);
    } catch (cause) {
      logger.warn('The rollups of the ledger were not brought up to date; sums are read from rows.', {
        cause: String(cause),
      });
    }
  }
  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(
      () => {
        running = run().then(schedule);
      },
      EVERY_MS - JITTER_MS + Math.random() * 2 * JITTER_MS,
    ).unref();
  }

  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
