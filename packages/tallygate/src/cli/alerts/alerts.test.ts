import { rmSync } from 'node:fs';
import { createMemoryGate } from '@tallygate/gate';
import { emptyConfiguration, type SentAlert } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MemoryCli, memoryCli, NOW_MS, writeFile } from '../memory-context.ts';

const NOVEMBER_MS = Date.UTC(2026, 10);
const KEY = `support-month:month:${NOVEMBER_MS}`;
const told: SentAlert = {
  ...{ organization: 'default', key: KEY, thresholdPercent: 50, spent: 251_000_000_000n },
  ...{ limit: 500_000_000_000n, crossedAtMs: NOW_MS - 86_400_000 },
  ...{ outcome: 'told', detail: 'webhook hooks.example.com', endedAtMs: NOW_MS },
};

let cli: MemoryCli;
beforeEach(() => {
  const budgets = [
    {
      ...({
        id: 'support-month',
        scope: {},
        period: 'month',
        timeZone: 'UTC',
        limit: 500_000_000_000n,
      } as const),
      ...{ onOutage: 'block' as const, alerts: [75] },
    },
  ];
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 };
  const configuration = { ...emptyConfiguration('default'), version: 1, budgets };
  const seed = { lastSeq: 1, totals: [{ key: KEY, amount: 400_000_000_000n }] };
  const gate = createMemoryGate({ organization: 'default', clock, configuration, seed });
  cli = memoryCli({ runtime: { gate } });
});
afterEach(() => rmSync(cli.directory, { recursive: true }));

describe('tallygate alerts list', () => {
  it('shows what was reached, and who was told or that it waits', async () => {
    await cli.history.endAlert(told);
    expect((await cli.run('alerts', 'list')).stdout).toBe(
      [
        'Reached (UTC)     Budget          At    Spent    Limit  Told',
        '─────────────────────────────────────────────────────────────────────────────────',
        '2026-11-20 12:00  support-month  50%  $251.00  $500.00  webhook hooks.example.com',
        '2026-11-21 12:00  support-month  75%  $400.00  $500.00  waits',
        '',
      ].join('\n'),
    );
    const { alerts } = JSON.parse((await cli.run('alerts', 'list', '--json')).stdout);
    expect(alerts[0]).toEqual({
      id: `default|${KEY}|50`,
      budget: 'support-month',
      value: null,
      reason: 'threshold',
      periodStart: '2026-11-01T00:00:00.000Z',
      thresholdPercent: 50,
      spentUsd: '251.000000000',
      limitUsd: '500.000000000',
      reachedAt: '2026-11-20T12:00:00.000Z',
      outcome: 'told',
      detail: 'webhook hooks.example.com',
      endedAt: '2026-11-21T12:00:00.000Z',
    });
  });

  it('says so where nothing was reached in the month', async () => {
    const { code, stdout, stderr } = await cli.run('alerts', 'list', '--month', '2026-09');
    expect([code, stdout, stderr]).toEqual([0, '', 'No budget has reached a threshold in that time.\n']);
  });
});

describe('tallygate doctor', () => {
  const lines = async () =>
    (await cli.run('doctor')).stdout.split('\n').filter((line) => /alerts|→/.test(line));

  it('says when alerts wait, since when, and what lets somebody be told', async () => {
    writeFile(cli, 'version: 1\n');
    const waiting = await cli.history.recordAlert({ ...told, thresholdPercent: 75 });
    await cli.history.endAlert({ ...waiting, outcome: 'waiting' });
    expect((await lines()).join('\n')).toContain(
      'warn  alerts          1 wait, the oldest since 2026-11-20T12:00:00.000Z\n' +
        '                      → Set TALLYGATE_ALERT_WEBHOOK_URL where a process always runs, or pass onAlert to tallygate().',
    );
  });

  it('says that nobody was told, and why', async () => {
    await cli.history.endAlert({ ...told, outcome: 'untold', detail: 'HTTP 404 from hooks.example.com' });
    expect((await lines()).join('\n')).toContain(
      'nobody was told of 1 in the last 31 days; of the last because: HTTP 404 from hooks.example.com',
    );
  });
});
