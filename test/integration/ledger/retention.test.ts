import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore } from '@tallygate/ledger';
import { systemClock } from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { segmentOf, usageEvent } from '../../contract/usage-fixtures.ts';
import { openTables, type Tables } from './tables.ts';

const DAY_MS = 86_400_000;
/** The engine expires by its own clock, so the story is told backwards from now. */
const ago = (days: number) => Math.floor((Date.now() - days * DAY_MS) / DAY_MS) * DAY_MS + DAY_MS / 2;
const at = (instantMs: number) =>
  usageEvent({
    budgetInstantMs: instantMs,
    startedAtMs: instantMs,
    endedAtMs: instantMs,
    requestId: 'req_1',
    messageId: 'msg_1',
    traceId: 'trace-1',
  });

describe('retention', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-retention-'));
  let tables: Tables;
  const open = (retention?: { rawDays: number; providerIdDays: number }) =>
    openUsageStore(
      { kind: 'embedded', directory },
      { clock: systemClock, settlingMs: 0, ...(retention ? { retention } : {}) },
    );
  const attempts = async (instantMs: number) => {
    const store = await open();
    const range = { fromMs: instantMs - DAY_MS, toMs: instantMs + DAY_MS };
    const rows = await store.spend({ organization: 'acme', ...range, by: 'ended', groupBy: ['team'] });
    await store.close();
    return rows.map((row) => row.attempts);
  };
  const rows = () =>
    tables.rows('SELECT request_id, message_id, trace_id FROM usage_events ORDER BY budget_instant');

  beforeAll(async () => {
    tables = openTables(directory);
    const store = await open();
    await tables.run('SYSTEM STOP MERGES');
    await store.store(segmentOf([at(ago(500)), at(ago(100)), at(ago(10))]));
    while ((await store.addUp()).more);
    await store.close();
  });
  afterAll(async () => {
    await tables.close();
    rmSync(directory, { recursive: true });
  });

  it('takes raw rows after 400 days and the ids of the provider after 60; what was added up stays', async () => {
    await tables.run('SYSTEM START MERGES');
    await tables.run('OPTIMIZE TABLE usage_events FINAL');
    expect(await rows()).toEqual([
      { request_id: null, message_id: null, trace_id: null },
      { request_id: 'req_1', message_id: 'msg_1', trace_id: 'trace-1' },
    ]);
    expect(await attempts(ago(500))).toEqual([1]);
    expect(await attempts(ago(100))).toEqual([1]);
  });

  it('never lets a late row replace an hour whose rows are gone, nor be lost', async () => {
    const store = await open();
    await store.store(segmentOf([at(ago(500) + 1)]));
    while ((await store.addUp()).more);
    await store.close();
    expect(await attempts(ago(500))).toEqual([2]);
  });

  it('is a setting: changed when the ledger is opened with another one, remembered, and not changed again', async () => {
    const setting = { rawDays: 30, providerIdDays: 5 };
    for (let time = 0; time < 2; time += 1) await (await open(setting)).close();
    await (await open()).close();
    expect(await tables.rows('SELECT raw_days, provider_id_days FROM retention_changes')).toEqual([
      { raw_days: 30, provider_id_days: 5 },
    ]);
    await tables.run('ALTER TABLE usage_events MATERIALIZE TTL SETTINGS mutations_sync = 2');
    await tables.run('OPTIMIZE TABLE usage_events FINAL');
    expect(await rows()).toEqual([{ request_id: null, message_id: null, trace_id: null }]);
    expect(await attempts(ago(100))).toEqual([1]);
  });

  it('keeps frozen what a shorter retention has taken, when it becomes longer again', async () => {
    const store = await open({ rawDays: 1_000, providerIdDays: 60 });
    await store.store(segmentOf([at(ago(100) + 1)]));
    while ((await store.addUp()).more);
    await store.close();
    expect(await attempts(ago(100))).toEqual([2]);
  });

  it('is refused out of bounds', async () => {
    for (const setting of [
      { rawDays: 1, providerIdDays: 1 },
      { rawDays: 90, providerIdDays: 91 },
    ])
      await expect(open(setting)).rejects.toMatchObject({ code: 'TALLYGATE_CONFIGURATION_INVALID' });
  });
});
