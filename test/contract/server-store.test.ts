import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../setup/clickhouse-http.ts';
import { findClickHouseServer } from '../setup/clickhouse-server.ts';
import { describeExactlyOnce } from './exactly-once.contract.ts';
import { describeReportVersions } from './report-versions.contract.ts';
import { fixedClock } from './usage-fixtures.ts';
import { describeUsageQuestions } from './usage-question.contract.ts';
import { describeUsageStore } from './usage-store.contract.ts';

const server = await findClickHouseServer();

describe('the HTTP interface over the engine', () => {
  let engine: ClickHouseOverHttp;
  beforeAll(async () => {
    engine = await startClickHouseOverHttp();
  });
  afterAll(() => engine.close());
  describeServer('HTTP interface over the engine', () => engine.url);
});

if (server === null) it.skip('not run here: no ClickHouse server and no container runtime', () => {});
else
  describe('a ClickHouse server', () => {
    afterAll(() => server.stop());
    describeServer('ClickHouse server', () => server.url);
  });

function describeServer(name: string, serverUrl: () => string): void {
  let store: UsageStore;
  beforeAll(async () => {
    store = await openUsageStore({ kind: 'server', url: serverUrl() }, { clock: fixedClock, settlingMs: 0 });
  });
  afterAll(() => store.close());
  describeUsageStore(name, () => store);
  describeReportVersions(name, () => store.reportVersions);
  describeUsageQuestions(name, () => ({ history: store, destination: store }));
  const server = { serverUrl, ledger: () => store };
  describeExactlyOnce(`${name}, plain`, { ...server, query: '' });
  const compressed = '&compression_request=1&compression_response=1';
  describeExactlyOnce(`${name}, compressed`, { ...server, query: compressed });
  describeExactlyOnce(`${name}, gathered inserts`, { ...server, query: '', inserts: 'gathered' });
}
