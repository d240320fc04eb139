import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { afterAll, beforeAll, it } from 'vitest';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../setup/clickhouse-http.ts';
import { fixedClock } from './usage-fixtures.ts';
import { describeUsageStore } from './usage-store.contract.ts';

const given = process.env['CLICKHOUSE_URL'] ?? '';
let overHttp: ClickHouseOverHttp | null = null;
let store: UsageStore;

beforeAll(async () => {
  overHttp = given === '' ? await startClickHouseOverHttp() : null;
  const url = overHttp?.url ?? given;
  store = await openUsageStore({ kind: 'server', url }, { clock: fixedClock });
});

afterAll(async () => {
  await store.close();
  await overHttp?.close();
});

if (given === '') it.skip('not run here: no ClickHouse server', () => {});
describeUsageStore(given === '' ? 'HTTP interface over the engine' : 'ClickHouse server', () => store);
