import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSpool, openUsageStore, type UsageStore } from '@tallygate/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixedClock, START_MS, usageEvent } from '../../contract/usage-fixtures.ts';
import { openTables, type Tables } from './tables.ts';

const USERS = 120_000;
const HOURS = 48;
const MEMORY_MB = 192;
/** As many as make a full one. */
const SEGMENT = 5_000;
const range = { organization: 'acme', fromMs: START_MS, toMs: START_MS + HOURS * 3_600_000 };

let root: string;
const ledger = () => join(root, 'ledger');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tallygate-memory-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

describe('an engine at the bound of its memory', () => {
  it('fails the question that needs more, and goes on with those that do not', async () => {
    await insertUsers();
    const store = await open(MEMORY_MB);
    const byUser = store.spend({ ...range, by: 'budget', groupBy: ['user', 'feature', 'minute'] });
    await expect(byUser).rejects.toMatchObject({ code: 'TALLYGATE_LEDGER_EXHAUSTED' });
    await expect(byUser).rejects.toThrow('TALLYGATE_LEDGER_MEMORY_MB');
    const anHour = { ...range, toMs: START_MS + 3_600_000 };
    expect(await store.spend({ ...anHour, by: 'budget', groupBy: [] })).toMatchObject([
      { calls: USERS / HOURS },
    ]);
    await store.close();
  });

  it('adds up in smaller portions what is too much at once, and every row once', async () => {
    await insertUsers();
    const store = await open(MEMORY_MB);
    expect(await store.addUp()).toMatchObject({ hours: HOURS, more: false });
    const tables = openTables(ledger());
    const [{ portions } = {}] = await tables.rows('SELECT uniq(generation) AS portions FROM spend_hours');
    expect(Number(portions)).toBeGreaterThan(1);
    await tables.run('TRUNCATE TABLE usage_events');
    expect(await spentInAll(store)).toMatchObject([{ calls: USERS, contractedCostNanoUsd: BigInt(USERS) }]);
    await tables.close();
    await store.close();
  });

  it('takes no rows that it has no memory for: they wait in the spool until it has, and count once', async () => {
    const store = await open(MEMORY_MB);
    const spool = await openSpool({ directory: join(root, 'spool'), destination: store, clock: fixedClock });
    const freeAll = await occupyMemory();
    for (let index = 0; index < SEGMENT; index += 1) spool.recordOutcome(usageEvent(), null);
    expect(await spool.flush()).toMatchObject({ stored: 0, pending: SEGMENT });
    await freeAll();
    expect(await spool.flush()).toMatchObject({ stored: SEGMENT, pending: 0 });
    await spool.close();
    expect(await spentInAll(store)).toMatchObject([{ calls: SEGMENT }]);
    await store.close();
    // The engine itself waits for memory before it gives up.
  }, 180_000);
});

const open = (memoryMb?: number) =>
  openUsageStore(
    { kind: 'embedded', directory: ledger(), ...(memoryMb === undefined ? {} : { memoryMb }) },
    { clock: fixedClock, settlingMs: 0 },
  );

const spentInAll = (store: UsageStore) => store.spend({ ...range, by: 'budget', groupBy: [] });

/** A call each, in each hour one of each of 2,500 features. */
async function insertUsers(): Promise<void> {
  const store = await open();
  const tables = openTables(ledger());
  await tables.run(`INSERT INTO usage_events
    (organization, event_id, line, line_type, attempt_number, team, feature, environment, user_pseudonym, backend, request_model,
     response_model, started_at, ended_at, budget_instant, status, basis, prompt_band, billed, contracted_cost_nano_usd)
    SETTINGS async_insert = 0, max_block_size = 20000, max_threads = 1, min_insert_block_size_rows = 20000
    WITH fromUnixTimestamp64Milli(toInt64(${START_MS}) + 3600000 * (number % ${HOURS})) AS at
    SELECT 'acme', toString(generateUUIDv4()), 0, 'message', 1, 'support', concat('feature-', toString(intDiv(number, ${HOURS}))), 'production',
      concat('user-', toString(number)), 'anthropic', 'claude', 'claude', at, at, at, 'ok', 'reported', 'standard', true, 1
    FROM numbers(${USERS})`);
  await tables.close();
  await store.close();
}

/** All but a quarter of a MiB: no insert finds room. @returns what gives the memory back. */
async function occupyMemory(): Promise<() => Promise<void>> {
  const tables = openTables(ledger());
  await tables.run('CREATE TABLE occupied (text String) ENGINE = Memory');
  for (const kib of [16_384, 1_024, 256]) while (await isTaken(tables, kib));
  return async () => {
    await tables.run('DROP TABLE occupied SYNC');
    await tables.close();
  };
}

async function isTaken(tables: Tables, kib: number): Promise<boolean> {
  try {
    await tables.run(`INSERT INTO occupied SETTINGS async_insert = 0, memory_usage_overcommit_max_wait_microseconds = 0
      SELECT randomString(262144) FROM numbers(${kib / 256})`);
    return true;
  } catch (error) {
    if (!String(error).includes('MEMORY_LIMIT_EXCEEDED')) throw error;
    return false;
  }
}
