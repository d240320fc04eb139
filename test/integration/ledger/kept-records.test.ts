import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore, type UsageStoreOptions } from '@tallygate/ledger';
import type { Alert, SentAlert } from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedClock, START_MS } from '../../contract/usage-fixtures.ts';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../../setup/clickhouse-http.ts';
import { openTables } from './tables.ts';

const DAY_MS = 86_400_000;
const OCTOBER_MS = Date.UTC(2026, 9, 1);
const directory = mkdtempSync(join(tmpdir(), 'tallygate-kept-'));
let engine: ClickHouseOverHttp;
let store: UsageStore;

beforeAll(async () => {
  engine = await startClickHouseOverHttp();
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true });
});

const alert = (changes: Partial<Alert> = {}): Alert => ({
  organization: 'acme',
  key: `support-month:month:${OCTOBER_MS}`,
  thresholdPercent: 80,
  spent: 2n ** 62n,
  limit: 2n ** 63n - 1n,
  crossedAtMs: START_MS,
  ...changes,
});

const waiting = (recorded: Alert): SentAlert => ({
  ...recorded,
  outcome: 'waiting',
  detail: '',
  endedAtMs: null,
});

describe.each([
  ['embedded', (): UsageStoreOptions => ({ kind: 'embedded', directory })],
  ['on a server', (): UsageStoreOptions => ({ kind: 'server', url: engine.url })],
])('the ledger %s', (_where, options) => {
  beforeAll(async () => {
    store = await openUsageStore(options(), { clock: fixedClock });
  });
  afterAll(() => store.close());

  it('keeps which thresholds were announced, each once for a period, by when the period begins', async () => {
    const september = alert({ key: `support-month:month:${OCTOBER_MS - 30 * DAY_MS}` });
    const recorded = [
      alert(),
      alert({ thresholdPercent: 100 }),
      alert({ key: `all:month:${OCTOBER_MS}` }),
      september,
    ];
    for (const one of [...recorded, ...recorded]) await store.recordAlert(one);
    await store.recordAlert(alert({ spent: 1n, crossedAtMs: START_MS + DAY_MS }));
    await store.recordAlert(alert({ organization: 'other', thresholdPercent: 50 }));
    const since = (fromMs: number, toMs: number) => store.sentAlerts({ organization: 'acme', fromMs, toMs });
    expect(await since(OCTOBER_MS, OCTOBER_MS + 1)).toEqual(
      [recorded[2], recorded[0], recorded[1]].map((one) => waiting(one as Alert)),
    );
    expect(await since(OCTOBER_MS - 31 * DAY_MS, OCTOBER_MS)).toEqual([waiting(september)]);
    expect(await since(0, OCTOBER_MS - 31 * DAY_MS)).toEqual([]);
  });

  it('leaves out alerts of periods that are over, but for those of the last days: they may have to be told yet', async () => {
    const organization = 'open';
    const reached = (unit: string, crossedAtMs = OCTOBER_MS + 1) =>
      alert({ organization, key: `${unit}-${crossedAtMs}:${unit}:${OCTOBER_MS}`, crossedAtMs });
    const lately = reached('day', OCTOBER_MS + 20 * DAY_MS);
    const open = [reached('year'), reached('tokens.month'), reached('unheard-of'), lately];
    const over = [reached('day'), reached('requests.week')];
    for (const one of [...open, ...over]) await store.recordAlert(one);
    const range = { organization, fromMs: OCTOBER_MS, toMs: OCTOBER_MS + 1 };
    const keysOf = (alerts: Alert[]) => alerts.map(({ key }) => key).sort();
    const found = await store.sentAlerts({ ...range, openAtMs: OCTOBER_MS + 25 * DAY_MS });
    expect(keysOf(found)).toEqual(keysOf(open));
    expect(keysOf(await store.sentAlerts(range))).toEqual(keysOf([...open, ...over]));
  });

  it('keeps what became of an alert: recorded again it is as it ended', async () => {
    const heard = alert({ organization: 'ended' });
    const told: SentAlert = { ...heard, outcome: 'told', detail: 'webhook', endedAtMs: START_MS + 1 };
    expect(await store.recordAlert(heard)).toEqual(waiting(heard));
    await store.endAlert(told);
    expect(await store.recordAlert({ ...heard, spent: 1n, crossedAtMs: 1 })).toEqual(told);
    expect(await store.sentAlerts({ organization: 'ended', fromMs: 0, toMs: OCTOBER_MS + 1 })).toEqual([
      told,
    ]);
  });
});

describe('in the tables', () => {
  const inTables = async (
    work: (ledger: UsageStore, tables: ReturnType<typeof openTables>) => Promise<void>,
  ) => {
    const ledger = await openUsageStore(
      { kind: 'embedded', directory },
      { clock: fixedClock, organization: 'tables' },
    );
    const tables = openTables(directory);
    try {
      await work(ledger, tables);
    } finally {
      await tables.close();
      await ledger.close();
    }
  };

  it('what is recorded at the same moment, by those who do not see each other, is told once', () =>
    inTables(async ({ reportVersions, recordAlert, sentAlerts }, tables) => {
      await tables.run('SYSTEM STOP MERGES');
      const range = { organization: 'tables', fromMs: 0, toMs: START_MS };
      const pull = {
        ...range,
        providerOrganizationId: 'theirs',
        report: 'usage',
        pulledAtMs: START_MS,
        body: { data: [] },
      };
      const mine = alert({ organization: 'tables' });
      await Promise.all([1, 2, 3].map(() => reportVersions.append(pull)));
      await Promise.all([1, 2, 3].map(() => recordAlert(mine)));
      expect(await reportVersions.list(range)).toHaveLength(1);
      expect(await sentAlerts(range)).toEqual([waiting(mine)]);
      await tables.run('SYSTEM START MERGES');
    }));

  it('a report that was changed is an outage, not an answer', () =>
    inTables(async ({ reportVersions }, tables) => {
      const range = { organization: 'tables', fromMs: 0, toMs: DAY_MS };
      const question = { ...range, providerOrganizationId: '', report: 'changed' };
      await reportVersions.append({ ...question, pulledAtMs: START_MS, body: { amount: '1' } });
      await tables.run(
        `ALTER TABLE report_versions UPDATE body = replace(body, '1', '2') WHERE report = 'changed' SETTINGS mutations_sync = 2`,
      );
      await expect(reportVersions.newest(question)).rejects.toMatchObject({
        code: 'TALLYGATE_LEDGER_UNAVAILABLE',
        message: expect.stringContaining('not what was pulled'),
      });
    }));

  it('of another organization are nobody’s who opened them for one', () =>
    inTables(async ({ reportVersions, recordAlert, sentAlerts }) => {
      const range = { organization: 'acme', fromMs: 0, toMs: DAY_MS };
      const question = { ...range, providerOrganizationId: '', report: 'usage' };
      for (const asked of [
        () => recordAlert(alert()),
        () => sentAlerts(range),
        () => reportVersions.list(range),
        () => reportVersions.newest(question),
        () => reportVersions.append({ ...question, pulledAtMs: 1, body: 1 }),
      ])
        await expect(asked()).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
    }));
});
