import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore, type UsageStoreOptions } from '@tallygate/ledger';
import type { FinanceRecord } from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedClock, START_MS } from '../../contract/usage-fixtures.ts';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../../setup/clickhouse-http.ts';

const directory = mkdtempSync(join(tmpdir(), 'tallygate-finance-'));
let engine: ClickHouseOverHttp;
let store: UsageStore;

beforeAll(async () => {
  engine = await startClickHouseOverHttp();
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true });
});

const record = (changes: Partial<FinanceRecord> = {}): FinanceRecord => ({
  organization: 'acme',
  kind: 'invoice',
  subject: 'INV 1/“2026”',
  number: 1,
  recordId: 'first',
  recordedAtMs: START_MS,
  actor: 'ann',
  reason: '',
  body: { amountUsd: '12.50', note: 'Zürich 🧾 {x:String}' },
  ...changes,
});

describe.each([
  ['embedded', (): UsageStoreOptions => ({ kind: 'embedded', directory })],
  ['on a server', (): UsageStoreOptions => ({ kind: 'server', url: engine.url })],
])('what finance records in a ledger %s', (_where, options) => {
  beforeAll(async () => {
    store = await openUsageStore(options(), { clock: fixedClock, organization: 'acme' });
  });
  afterAll(() => store.close());

  it('is kept whole, by kind, subject and number; the same record again is kept once', async () => {
    const second = record({ number: 2, recordId: 'second', reason: "it's a slip" });
    const other = record({ subject: 'A', recordId: 'other' });
    const period = record({ kind: 'period', subject: '2026-10' });
    for (const one of [record(), record(), second, other, period]) await store.appendFinanceRecord(one);
    const all = (query: object) => store.financeRecords({ organization: 'acme', kind: 'invoice', ...query });
    expect(await all({})).toEqual([other, record(), second]);
    expect(await all({ subject: 'A' })).toEqual([other]);
    expect(await all({ kind: 'period' })).toEqual([period]);
    expect(await all({ subject: 'nobody’s' })).toEqual([]);
  });

  it('has each number once: of two who write it at the same moment one is refused, by name', async () => {
    const close = (recordId: string) =>
      store.appendFinanceRecord(record({ kind: 'period', subject: '2026-11', recordId, body: recordId }));
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map(close));
    const refusals = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(refusals).toEqual(['TALLYGATE_RECORD_OUTDATED', 'TALLYGATE_RECORD_OUTDATED']);
    const kept = await store.financeRecords({ organization: 'acme', kind: 'period', subject: '2026-11' });
    const winner = ['a', 'b', 'c'][outcomes.findIndex(({ status }) => status === 'fulfilled')];
    expect(kept).toMatchObject([{ number: 1, recordId: winner, body: winner }]);
  });

  it('is nobody’s of another organization', async () => {
    const asked = { organization: 'other', kind: 'invoice' as const };
    const refused = { code: 'TALLYGATE_REQUEST_INVALID' };
    await expect(store.financeRecords(asked)).rejects.toMatchObject(refused);
    await expect(store.appendFinanceRecord(record(asked))).rejects.toMatchObject(refused);
  });
});
