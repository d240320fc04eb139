import { type Logger, silentLogger, TallygateError } from '@tallygate/usage';
import type { Reconciliation } from 'tallygate';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Coverage } from './coverage.ts';
import { createReconcilerService, type ReconcilerOptions } from './reconciler-service.ts';

const HOUR_MS = 3_600_000;
const START = Date.parse('2026-11-21T10:30:00Z');
const clock = { nowMs: () => Date.now(), monotonicMs: () => Date.now() };

beforeEach(() => void vi.useFakeTimers({ now: START }));
afterEach(() => void vi.useRealTimers());

/** Stands for the ledger: reports outlive the service that made them. */
function world(lastReportMs: number | null = null) {
  const reports: number[] = lastReportMs === null ? [] : [lastReportMs];
  const asked: { atMs: number; coverage: Coverage }[] = [];
  let answer = async (): Promise<void> => undefined;
  const answerWith = (next: () => Promise<void>) => {
    answer = next;
  };
  const open = (changes: Partial<ReconcilerOptions> = {}) =>
    createReconcilerService({
      async run(coverage) {
        asked.push({ atMs: Date.now() - START, coverage });
        await answer();
        reports.push(Date.now());
        return reconciliation();
      },
      pullDue: async () => 0,
      costsDue: async () => [],
      lastReportMs: async () => reports.at(-1) ?? null,
      clock,
      logger: silentLogger,
      intervalMs: HOUR_MS,
      ...changes,
    });
  return { asked, reports, open, answerWith };
}

function reconciliation(): Reconciliation {
  return {
    version: 2,
    organization: 'default',
    fromMs: 0,
    toMs: 0,
    createdAtMs: Date.now(),
    internalPicoUsd: 0n,
    billedPicoUsd: 0n,
    variancePicoUsd: 0n,
    explainedPicoUsd: 0n,
    residualPicoUsd: 0n,
    tolerancePicoUsd: 0n,
    coverage: { listPicoUsd: 100n, darkPicoUsd: 1n, percent: 99 },
    verdicts: { tokens: 'agrees', money: 'explained', requests: 'not_counted' },
    differences: null,
    days: [],
    variances: [],
    causes: [],
    unexplained: [],
    unexplainedPlaces: 0,
    elsewhere: [],
    caveats: [],
    freshness: [],
  };
}

const unavailable = async (): Promise<never> => {
  throw new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', { message: 'The provider did not answer.' });
};

describe('the schedule', () => {
  it('begins at once where no report was ever made, and goes on by the interval', async () => {
    const { asked, open } = world();
    await open().start();
    await vi.advanceTimersByTimeAsync(2 * HOUR_MS);
    expect(asked.map(({ atMs }) => atMs)).toEqual([0, HOUR_MS, 2 * HOUR_MS]);
    expect(asked[0]?.coverage).toEqual({
      fromMs: Date.parse('2026-11-20T00:00:00Z'),
      toMs: Date.parse('2026-11-22T00:00:00Z'),
    });
  });

  it('survives a restart: the next run is an interval after the last stored report', async () => {
    const { asked, open } = world(START - 40 * 60_000);
    await open().start();
    await vi.advanceTimersByTimeAsync(20 * 60_000 - 1);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(1);
  });

  it('runs at once when a report is overdue, over every day since', async () => {
    const { asked, open } = world(Date.parse('2026-11-15T08:00:00Z'));
    await open().start();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked[0]?.coverage.fromMs).toBe(Date.parse('2026-11-14T00:00:00Z'));
  });

  it('never runs twice at once, however long a run takes', async () => {
    const { asked, open, answerWith } = world();
    answerWith(() => new Promise((resolve) => setTimeout(resolve, 5 * HOUR_MS)));
    await open().start();
    await vi.advanceTimersByTimeAsync(5 * HOUR_MS - 1);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(HOUR_MS + 1);
    expect(asked.map(({ atMs }) => atMs)).toEqual([0, 6 * HOUR_MS]);
  });

  it('tries again in five minutes after a failure, and by the interval once that is mended', async () => {
    const { asked, open, answerWith } = world();
    answerWith(unavailable);
    await open().start();
    await vi.advanceTimersByTimeAsync(0);
    answerWith(async () => undefined);
    await vi.advanceTimersByTimeAsync(HOUR_MS + 300_000);
    expect(asked.map(({ atMs }) => atMs)).toEqual([0, 300_000, HOUR_MS + 300_000]);
  });

  it('is not ended by a ledger that does not answer, at the start or later', async () => {
    const { asked, open } = world();
    let down = true;
    const lastReportMs = async () => {
      if (down) throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'Down.' });
      return null;
    };
    const service = open({ lastReportMs });
    await service.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual([]);
    expect(service.health().lastFailure?.code).toBe('TALLYGATE_LEDGER_UNAVAILABLE');
    down = false;
    await vi.advanceTimersByTimeAsync(300_000);
    expect(asked).toHaveLength(1);
  });

  it('pulls again what is due after each run, and stops between two days', async () => {
    const { open } = world();
    const asked: boolean[] = [];
    let finish = (): void => undefined;
    const pullDue = async (mayGoOn: () => boolean) => {
      asked.push(mayGoOn());
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      asked.push(mayGoOn());
      return 3;
    };
    const service = open({ pullDue });
    await service.start();
    await vi.advanceTimersByTimeAsync(0);
    const stopping = service.stop();
    finish();
    await stopping;
    expect(asked).toEqual([true, false]);
    expect(service.health().dueDays).toBe(3);
  });

  it('fails where what is due cannot be pulled, and tries that again, not the coverage that went well', async () => {
    const { asked, open } = world();
    const pulls: number[] = [];
    const pullDue = () => {
      pulls.push(Date.now() - START);
      return unavailable();
    };
    const service = open({ pullDue });
    await service.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(service.health()).toMatchObject({ status: 'failing', dueDays: null });
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(asked.map(({ atMs }) => atMs)).toEqual([0, HOUR_MS]);
    expect(pulls.slice(0, 3)).toEqual([0, 300_000, 600_000]);
  });

  it('reconciles the cost of days that are due after the coverage, until they are not, and stops between two', async () => {
    const { asked, open } = world();
    const [october, november] = [
      { fromMs: Date.UTC(2026, 9), toMs: Date.UTC(2026, 10) },
      { fromMs: Date.UTC(2026, 10), toMs: Date.UTC(2026, 10, 21) },
    ];
    const costsDue = async () =>
      [november, october].filter((days) => !asked.some(({ coverage }) => coverage === days));
    const service = open({ costsDue });
    await service.start();
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(asked.map(({ coverage }) => coverage).slice(1, 3)).toEqual([november, october]);
    expect(asked.map(({ atMs }) => atMs)).toEqual([0, 0, 0, HOUR_MS]);
    expect(service.health().lastCost).toMatchObject({
      ...{ from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' },
      ...{ at: '2026-11-21T10:30:00.000Z', verdicts: { money: 'explained' } },
    });
    const stopped = world();
    const endless = stopped.open({ costsDue: async () => [november, october] });
    stopped.answerWith(async () => void endless.stop());
    await endless.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(stopped.asked).toHaveLength(1);
  });

  it('stops: nothing begins any more, and what is under way is waited for', async () => {
    const { asked, reports, open, answerWith } = world();
    let finish = (): void => undefined;
    answerWith(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    const service = open();
    await service.start();
    await vi.advanceTimersByTimeAsync(0);
    let stopped = false;
    const stopping = service.stop().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(stopped).toBe(false);
    finish();
    await stopping;
    await vi.advanceTimersByTimeAsync(10 * HOUR_MS);
    expect([asked.length, reports.length, vi.getTimerCount()]).toEqual([1, 1, 0]);
  });

  it.each([0, 59_999, 24 * HOUR_MS + 1, 90_000.5, Number.NaN])(
    'refuses an interval of %d ms',
    (intervalMs) => {
      expect(() => world().open({ intervalMs })).toThrow(
        expect.objectContaining({ code: 'TALLYGATE_CONFIGURATION_INVALID' }),
      );
    },
  );
});

describe('health', () => {
  const ask = async (service: ReturnType<ReturnType<typeof world>['open']>) => {
    const response = await service.app.request('/health');
    return { http: response.status, body: await response.json() };
  };

  it('is starting, then ok with the verdicts and the next run', async () => {
    const { open } = world();
    const service = open();
    await service.start();
    expect(await ask(service)).toMatchObject({ http: 200, body: { status: 'starting', lastReportAt: null } });
    await vi.advanceTimersByTimeAsync(0);
    expect(await ask(service)).toEqual({
      http: 200,
      body: {
        status: 'ok',
        isRunning: false,
        lastReportAt: '2026-11-21T10:30:00.000Z',
        nextRunAt: '2026-11-21T11:30:00.000Z',
        lastVerdicts: { tokens: 'agrees', money: 'explained', requests: 'not_counted' },
        coveragePercent: 99,
        lastCost: null,
        lastFailure: null,
        dueDays: 0,
      },
    });
  });

  it('is 503 with code and cure while runs fail, and forgets the failure once one succeeds', async () => {
    const { open, answerWith } = world();
    answerWith(unavailable);
    const service = open();
    await service.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(await ask(service)).toMatchObject({
      http: 503,
      body: { status: 'failing', lastFailure: { code: 'TALLYGATE_PROVIDER_UNAVAILABLE' } },
    });
    answerWith(async () => undefined);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(await ask(service)).toMatchObject({ http: 200, body: { status: 'ok', lastFailure: null } });
  });

  it('is 503 when a run hangs so long that two reports are missing', async () => {
    const { open, answerWith } = world(START - HOUR_MS);
    answerWith(() => new Promise(() => undefined));
    const service = open();
    await service.start();
    await vi.advanceTimersByTimeAsync(2 * HOUR_MS);
    expect((await ask(service)).http).toBe(200);
    await vi.advanceTimersByTimeAsync(1);
    expect(await ask(service)).toMatchObject({ http: 503, body: { status: 'overdue', isRunning: true } });
  });

  it('quotes nothing of an error that is not ours, in the answer or in the log', async () => {
    const lines: unknown[] = [];
    const log = (...line: unknown[]) => void lines.push(line);
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    const { open, answerWith } = world();
    answerWith(async () => {
      throw new TypeError('bad header sk-ant-admin01-secret');
    });
    const service = open({ logger });
    await service.start();
    await vi.advanceTimersByTimeAsync(0);
    const { body } = await ask(service);
    expect(body).toMatchObject({ lastFailure: { code: 'unexpected', message: 'TypeError' } });
    expect(lines).toEqual([['not reconciled', { code: 'unexpected', reason: 'TypeError' }]]);
    expect(JSON.stringify([lines, body])).not.toContain('secret');
  });
});

describe('metrics', () => {
  const scrape = async (service: ReturnType<ReturnType<typeof world>['open']>) => {
    const text = await (await service.app.request('/metrics')).text();
    return text.split('\n').filter((line) => !line.startsWith('#') && line !== '');
  };

  it('say how the schedule does, and nothing that is not known', async () => {
    const { open } = world();
    const service = open();
    expect(await scrape(service)).toContain('tallygate_reconciler_status{status="starting"} 1');
    expect((await scrape(service)).join()).not.toContain('due_days');
    await service.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(await scrape(service)).toEqual(
      expect.arrayContaining([
        'tallygate_reconciler_status{status="ok"} 1',
        `tallygate_reconciler_last_report_timestamp_seconds ${START / 1000}`,
        'tallygate_reconciler_verdict{kind="money",verdict="explained"} 1',
        'tallygate_reconciler_verdict{kind="money",verdict="differs"} 0',
        'tallygate_reconciler_coverage_percent 99',
        'tallygate_reconciler_due_days 0',
      ]),
    );
  });
});
