import { isoFromMs, TallygateError } from '@tallygate/usage';
import type { Reconciliation } from 'tallygate';
import { type Coverage, coverageAt } from './coverage.ts';
import type { ReconcilerHealth, ReconcilerOptions } from './reconciler-service.ts';

/** What this process knows of its schedule; what must outlive it is stored. */
export interface State {
  startedMs: number | null;
  lastReportMs: number | null;
  nextRunMs: number | null;
  verdicts: Reconciliation['verdicts'] | null;
  coveragePercent: number | null;
  lastCost: ReconcilerHealth['lastCost'];
  failure: { code: string; message: string; atMs: number } | null;
  dueDays: number | null;
  running: Promise<void> | null;
  timer: NodeJS.Timeout | null;
  isStopped: boolean;
}

export function initialState(): State {
  return {
    startedMs: null,
    lastReportMs: null,
    nextRunMs: null,
    verdicts: null,
    coveragePercent: null,
    lastCost: null,
    failure: null,
    dueDays: null,
    running: null,
    timer: null,
    isStopped: false,
  };
}

/** One round of all jobs. It never rejects: what failed is in the state. */
export function createJobs(options: ReconcilerOptions, state: State): () => Promise<void> {
  const { clock, logger, intervalMs } = options;

  async function runJobs(): Promise<void> {
    try {
      // Read anew each time: another process may have reconciled, and a hole after an outage must be seen.
      state.lastReportMs = await options.lastReportMs();
      // Another job may have failed, and is why this one runs so soon.
      if (!isFresh(state.lastReportMs)) await runCoverage();
      await runCosts();
      state.dueDays = await options.pullDue(() => !state.isStopped);
      state.failure = null;
    } catch (error) {
      state.failure = { ...describeError(error), atMs: clock.nowMs() };
      const { code, message: reason } = state.failure;
      logger.error('not reconciled', { code, reason });
    }
  }

  function isFresh(lastReportMs: number | null): boolean {
    return lastReportMs !== null && clock.nowMs() - lastReportMs < intervalMs;
  }

  async function runCoverage(): Promise<void> {
    const result = await reconcile(coverageAt(clock.nowMs(), state.lastReportMs), 'coverage');
    state.lastReportMs = result.createdAtMs;
    state.verdicts = result.verdicts;
    state.coveragePercent = result.coverage.percent;
  }

  async function runCosts(): Promise<void> {
    for (const days of await options.costsDue()) {
      if (state.isStopped) return;
      const { verdicts, createdAtMs } = await reconcile(days, 'cost');
      state.lastCost = { ...describe(days), at: isoFromMs(createdAtMs), verdicts };
    }
  }

  async function reconcile(days: Coverage, job: 'coverage' | 'cost'): Promise<Reconciliation> {
    const result = await options.run(days);
    const residualPicoUsd = result.residualPicoUsd.toString();
    logger.info('reconciled', { job, ...describe(days), ...result.verdicts, residualPicoUsd });
    return result;
  }

  return runJobs;
}

function describe({ fromMs, toMs }: Coverage): { from: string; to: string } {
  return { from: isoFromMs(fromMs), to: isoFromMs(toMs) };
}

/** Messages of ours are written to be shown; of anything else only the kind is told, for it may quote what it was given. */
export function describeError(error: unknown): { code: string; message: string } {
  if (TallygateError.isInstance(error)) return { code: error.code, message: error.message };
  return { code: 'unexpected', message: error instanceof Error ? error.name : typeof error };
}
