import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTallygate } from 'tallygate';
import { expect, it } from 'vitest';
import { usageEvent } from '../../contract/usage-fixtures.ts';
import { startClickHouseOverHttp } from '../../setup/clickhouse-http.ts';
import { startFaultyProxy } from '../../setup/faulty-proxy.ts';
import { openTables } from '../ledger/tables.ts';

it('how long rows are kept is what the settings name, and stays so for a process that names nothing', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'tallygate-retention-'));
  await (await openTallygate({ dataDirectory, rawRetentionDays: 90 })).close();
  const silent = await openTallygate({ dataDirectory });
  const tables = openTables(join(dataDirectory, 'ledger'));
  expect(await tables.rows('SELECT raw_days, provider_id_days FROM retention_changes')).toEqual([
    { raw_days: 90, provider_id_days: 60 },
  ]);
  await tables.close();
  await silent.close();
  rmSync(dataDirectory, { recursive: true });
});

it.each([
  ['gathered', 0],
  ['direct', 1],
] as const)('rows reach a server %s, as the setting says', async (clickhouseInserts, unmet) => {
  const engine = await startClickHouseOverHttp();
  const proxy = await startFaultyProxy(engine.url);
  const dataDirectory = mkdtempSync(join(tmpdir(), 'tallygate-inserts-'));
  const runtime = await openTallygate({ dataDirectory, clickhouseUrl: proxy.url, clickhouseInserts });
  // Met by the first insert that lets the server gather, and by no other.
  proxy.breakNext('\n  async_insert = 1', 'an error after it was stored');
  runtime.sink.recordOutcome(usageEvent(), null);
  await runtime.sink.flush();
  expect(proxy.waiting()).toBe(unmet);
  await runtime.close();
  await proxy.close();
  await engine.close();
  rmSync(dataDirectory, { recursive: true });
});
