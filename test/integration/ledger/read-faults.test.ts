import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedClock, START_MS, segmentOf, usageEvent } from '../../contract/usage-fixtures.ts';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../../setup/clickhouse-http.ts';
import { type FaultyProxy, READ_FAULTS, startFaultyProxy } from '../../setup/faulty-proxy.ts';

const DAY_MS = 86_400_000;
const FIRST_MS = Math.floor(START_MS / DAY_MS) * DAY_MS;
const range = { organization: 'acme', fromMs: FIRST_MS, toMs: FIRST_MS + DAY_MS };
const byFeature = { ...range, by: 'ended' as const, groupBy: ['feature' as const] };
const UNAVAILABLE = { code: 'TALLYGATE_LEDGER_UNAVAILABLE' };
/** The engine's error says that it has no memory left. */
const FAILURES = {
  'a connection cut after some rows': UNAVAILABLE,
  'an error after some rows': { code: 'TALLYGATE_LEDGER_EXHAUSTED' },
};

let server: ClickHouseOverHttp;
let proxy: FaultyProxy;
let store: UsageStore;
const directory = mkdtempSync(join(tmpdir(), 'tallygate-read-faults-'));

beforeAll(async () => {
  server = await startClickHouseOverHttp();
  proxy = await startFaultyProxy(server.url);
  const retention = { rawDays: 10_000, providerIdDays: 10_000 };
  store = await openUsageStore({ kind: 'server', url: proxy.url }, { clock: fixedClock, retention });
  const ofFeature = (feature: string) => ({ ...usageEvent().attribution, feature });
  const features = Array.from({ length: 40 }, (_, index) => `feature-${index}`);
  await store.store(segmentOf(features.map((each) => usageEvent({ attribution: ofFeature(each) }))));
});
afterAll(async () => {
  await store.close();
  await proxy.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

describe.each(READ_FAULTS)('a question that ends with %s', (fault) => {
  it('fails, and is never answered by the rows that came', async () => {
    proxy.breakNext('Spend of one organization in [from, to) from its rows', fault);
    await expect(store.spend(byFeature)).rejects.toMatchObject(FAILURES[fault]);
    expect(proxy.waiting()).toBe(0);
    expect(await store.spend(byFeature)).toHaveLength(40);
  });

  it.each(['csv', 'parquet'] as const)(
    'leaves no file of an export as %s that looks whole',
    async (format) => {
      const order = { ...range, format, directory: mkdtempSync(join(directory, 'export-')) };
      proxy.breakNext(`FORMAT ${format === 'csv' ? 'CSVWithNames' : 'Parquet'}`, fault);
      await expect(store.exportDays(order)).rejects.toMatchObject(UNAVAILABLE);
      expect(proxy.waiting()).toBe(0);
      expect(readdirSync(order.directory).filter((name) => !name.endsWith('.part'))).toEqual([]);
      const { files } = await store.exportDays(order);
      const [bytes] = files.map((name) => readFileSync(join(order.directory, name), 'latin1'));
      if (format === 'csv') expect(bytes?.trimEnd().split('\n')).toHaveLength(41);
      else expect(bytes?.slice(-4)).toBe('PAR1');
    },
  );
});
