import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { afterAll, beforeAll, it } from 'vitest';
import { fixedClock } from './usage-fixtures.ts';
import { describeUsageStore } from './usage-store.contract.ts';

const url = process.env['CLICKHOUSE_URL'];

if (url === undefined || url === '') {
  it.skip('not run here: no ClickHouse server', () => {});
} else {
  let store: UsageStore;
  beforeAll(async () => {
    store = await openUsageStore({ kind: 'server', url }, { clock: fixedClock });
  });
  afterAll(() => store.close());
  describeUsageStore('ClickHouse server', () => store);
}
