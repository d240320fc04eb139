import { type Clock, isoFromMs, type Logger, TallygateError } from '@tallygate/usage';
import type { Hono } from 'hono';
import type { Reconciliation } from 'tallygate';
import type { Coverage } from './coverage.ts';
import { healthApp } from './health-app.ts';
import { createJobs, describeError, initialState, type State } from './jobs.ts';

/**
 * Reconciles on a schedule.
 *
 * Promise: one job at a time: coverage an interval after the last report was made, whoever made it and however often this process
 * was restarted, then cost and pulls as far as they are due. The only state is what is stored. What fails is tried again, sooner,
 * without repeating what went well, and never ends the service.
 */
export interface ReconcilerOptions {
  /** Reconciles these days and stores the report. */
  run(coverage: Coverage): Promise<Reconciliation>;
  /** Days whose cost is to be reconciled by now; they are due until they were. */
  costsDue(): Promise<readonly Coverage[]>;
  /** Pulls again what is due, after each run, and resolves to how many days are left; stops between two days where it may not go on. */
  pullDue(mayGoOn: () => boolean): Promise<number>;
  /** When the last stored report was made; null when there is none. */
  lastReportMs(): Promise<number | null>;
  clock: Clock;
  logger: Logger;
  /** 1 minute … 24 hours: the provider asks not to be polled more often than once a minute. */
  intervalMs: number;
}

export interface ReconcilerService {
  /** Resolves when the first run is scheduled, which is at once where a report is due. */
  start(): Promise<void>;
  /** No run begins any more; resolves when the one under way has ended. */
  stop(): Promise<void>;
  health(): ReconcilerHealth;
  /** `GET /health` and `GET /metrics`. */
  app: Hono;
}

export interface ReconcilerHealth {
  /** starting: no run has ended yet. failing: the last one failed. overdue: two intervals without a report. */
  status: 'starting' | 'ok' | 'failing' | 'overdue';
  isRunning: boolean;
  lastReportAt: string | null;
  nextRunAt: string | null;
  lastVerdicts: Reconciliation['verdicts'] | null;
  /** How much of the bill of these days the meter saw; null where nothing was billed, or nothing was looked at yet. */
  coveragePercent: number | null;
  /** The last days whose cost was reconciled; null until some were. */
  lastCost: { from: string; to: string; at: string; verdicts: Reconciliation['verdicts'] } | null;
  lastFailure: { code: string; message: string; at: string } | null;
  /** Days whose next pull is due; null until that was looked at. */
  dueDays: number | null;
}

const MINUTE_MS = 60_000;
const MOST_INTERVAL_MS = 24 * 60 * MINUTE_MS;
const RETRY_MS = 5 * MINUTE_MS;

/** @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for an interval out of range. */
export function createReconcilerService(options: ReconcilerOptions): ReconcilerService {
  const { clock, logger } = options;
  const intervalMs = requireInterval(options.intervalMs);
  const state = initialState();
  const runJobs = createJobs({ ...options, intervalMs }, state);

  function schedule(atMs: number): void {
    if (state.isStopped) return;
    state.nextRunMs = Math.max(atMs, clock.nowMs());
    state.timer = setTimeout(begin, state.nextRunMs - clock.nowMs());
  }

  function begin(): void {
    state.nextRunMs = null;
    state.running = runJobs().finally(() => {
      state.running = null;
      const failed = state.failure !== null;
      schedule(clock.nowMs() + (failed ? Math.min(RETRY_MS, intervalMs) : intervalMs));
    });
  }

  const health = () => healthOf(state, clock.nowMs(), intervalMs);
  return {
    async start() {
      state.startedMs = clock.nowMs();
      const lastReportMs = await options.lastReportMs().catch((error: unknown) => {
        // A ledger that is down now is found down again by the run, which reports it and tries again.
        const { code, message: reason } = describeError(error);
        logger.warn('last report not read', { code, reason });
        return null;
      });
      state.lastReportMs = lastReportMs;
      schedule(lastReportMs === null ? clock.nowMs() : lastReportMs + intervalMs);
    },
    async stop() {
      state.isStopped = true;
      if (state.timer !== null) clearTimeout(state.timer);
      state.nextRunMs = null;
      await state.running;
    },
    health,
    app: healthApp(health),
  };
}

function healthOf(state: State, nowMs: number, intervalMs: number): ReconcilerHealth {
  const { lastReportMs, nextRunMs, failure } = state;
  return {
    status: statusOf(state, nowMs, intervalMs),
    isRunning: state.running !== null,
    lastReportAt: lastReportMs === null ? null : isoFromMs(lastReportMs),
    nextRunAt: nextRunMs === null ? null : isoFromMs(nextRunMs),
    lastVerdicts: state.verdicts,
    coveragePercent: state.coveragePercent,
    lastCost: state.lastCost,
    lastFailure: failure && { code: failure.code, message: failure.message, at: isoFromMs(failure.atMs) },
    dueDays: state.dueDays,
  };
}

function statusOf(state: State, nowMs: number, intervalMs: number): ReconcilerHealth['status'] {
  if (state.failure !== null) return 'failing';
  const sinceMs = Math.max(state.lastReportMs ?? 0, state.startedMs ?? nowMs);
  if (nowMs - sinceMs > 2 * intervalMs) return 'overdue';
  return state.lastReportMs === null ? 'starting' : 'ok';
}

function requireInterval(intervalMs: number): number {
  if (Number.isInteger(intervalMs) && intervalMs >= MINUTE_MS && intervalMs <= MOST_INTERVAL_MS)
    return intervalMs;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `The interval ${intervalMs} ms is not between a minute and a day.`,
    cure: 'Set RECONCILER_INTERVAL_MINUTES to 1 … 1440.',
  });
}
