import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTallygate, type TallygateRuntime } from 'tallygate';
import { afterAll, beforeAll, inject } from 'vitest';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../setup/clickhouse-http.ts';
import { describeBatchOwners } from './batch-owners.contract.ts';

/** A live copy in Redis, and the facts in a ledger on a server. */
const dataDirectory = mkdtempSync(join(tmpdir(), 'tg-owners-'));
let clickhouse: ClickHouseOverHttp;
let runtime: TallygateRuntime;

beforeAll(async () => {
  clickhouse = await startClickHouseOverHttp();
  const servers = { redisUrl: inject('redisUrl'), clickhouseUrl: clickhouse.url };
  runtime = await openTallygate({ dataDirectory, organization: 'acme', ...servers });
});

afterAll(async () => {
  await runtime.close();
  await clickhouse.close();
  rmSync(dataDirectory, { recursive: true });
});

describeBatchOwners('Redis and a ledger on a server', async () => runtime.batchOwners);
