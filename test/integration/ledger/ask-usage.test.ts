import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import type { UsageEvent } from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  denialRecord,
  fixedClock,
  START_MS,
  segmentOf,
  usageEvent,
  usageLine,
} from '../../contract/usage-fixtures.ts';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../../setup/clickhouse-http.ts';

const DAY_MS = 86_400_000;
const range = {
  organization: 'acme',
  by: 'ended' as const,
  fromMs: START_MS - DAY_MS,
  toMs: START_MS + DAY_MS,
};

describe.each(['embedded', 'server'] as const)('usage, %s', (kind) => {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-usage-'));
  let engine: ClickHouseOverHttp | null = null;
  let store: UsageStore;

  beforeAll(async () => {
    if (kind === 'server') engine = await startClickHouseOverHttp();
    const place = engine === null ? ({ kind: 'embedded', directory } as const) : serverAt(engine.url);
    store = await openUsageStore(place, { clock: fixedClock, settlingMs: 0 });
    const latencies = Array.from({ length: 99 }, (_, index) => index + 1);
    const segment = segmentOf(
      [
        ...latencies.map((latencyMs) => of('support', { latencyMs, timeToFirstTokenMs: 5 })),
        of('support', { latencyMs: null }),
        of('imported', { latencyMs: null, lines: [usageLine({ contractedCostNanoUsd: 0n })] }),
        of('search', { status: 'error', lines: [usageLine({ contractedCostNanoUsd: 0n })] }),
        of('growth', { lines: [usageLine({ usage: { ...usageLine().usage, cacheReadInputTokens: 300 } })] }),
      ],
      {
        denials: [
          denialRecord(),
          denialRecord({ attemptId: 'asked-of-two-budgets' }),
          denialRecord({ attemptId: 'asked-of-two-budgets', budgetId: 'all' }),
          denialRecord({ enforced: false }),
        ],
      },
    );
    await store.store(segment);
    // Every row stands twice, under two tokens.
    await store.store({ ...segment, token: `${segment.token}-again` });
  });
  afterAll(async () => {
    await store.close();
    await engine?.close();
    rmSync(directory, { recursive: true });
  });

  it('names the dearest groups first, and adds up the others', async () => {
    const { groups, others } = await store.usage({ ...range, groupBy: ['team'], top: 1 });
    expect(groups.map(({ group }) => group)).toEqual([{ team: 'support' }]);
    expect(others).toMatchObject([{ group: {}, attempts: 3, failedAttempts: 1, errorRate: 1 / 3 }]);
    expect((await store.usage({ ...range, groupBy: ['team'] })).others).toEqual([]);
  });

  it.each(['rows', 'rollups'])('tells rates and means from %s, each attempt once', async (source) => {
    if (source === 'rollups') while ((await store.addUp()).more);
    const { groups } = await store.usage({ ...range, groupBy: ['team'] });
    const by = new Map(groups.map((group) => [group.group.team, group]));
    expect(by.get('support')).toMatchObject({
      attempts: 100,
      errorRate: 0,
      cacheReadShare: 0,
      meanLatencyMs: 50,
      meanTimeToFirstTokenMs: 5,
      denials: { denied: 2, wouldBeDenied: 1, deniedShare: 2 / 102 },
      latency: null,
    });
    expect(by.get('search')).toMatchObject({ errorRate: 1, denials: { denied: 0, deniedShare: 0 } });
    expect(by.get('imported')).toMatchObject({ attempts: 1, meanLatencyMs: null });
    expect(by.get('growth')).toMatchObject({ cacheReadShare: 0.75, meanTimeToFirstTokenMs: null });
  });

  it('gives exact percentiles of one copy of each attempt', async () => {
    const { groups } = await store.usage({ ...range, groupBy: ['team'], percentiles: true });
    const support = groups.find(({ group }) => group.team === 'support');
    expect(support?.latency).toEqual({ p50: 50, p90: 89.2, p95: 94.1, p99: 98.02 });
    expect(support?.timeToFirstToken).toEqual({ p50: 5, p90: 5, p95: 5, p99: 5 });
    expect(groups.find(({ group }) => group.team === 'search')?.timeToFirstToken).toBeNull();
    expect(groups.find(({ group }) => group.team === 'imported')?.latency).toBeNull();
  });

  it('does not say how many were denied by what a denial does not have', async () => {
    const { groups } = await store.usage({ ...range, groupBy: ['responseModel'] });
    expect(groups).toMatchObject([{ denials: null }]);
  });

  it('refuses percentiles of more than 31 days', async () => {
    const query = { ...range, toMs: range.fromMs + 32 * DAY_MS, groupBy: [], percentiles: true };
    await expect(store.usage(query)).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
  });
});

const serverAt = (url: string) => ({ kind: 'server', url }) as const;

function of(team: string, changes: Partial<UsageEvent>): UsageEvent {
  return usageEvent({ attribution: { ...usageEvent().attribution, team }, ...changes });
}
