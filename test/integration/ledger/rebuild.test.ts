import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import type { SpendQuery } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { naiveSpend } from '../../contract/naive-spend.ts';
import { fixedClock, START_MS, segmentOf, usageEvent } from '../../contract/usage-fixtures.ts';
import { openTables, type Tables } from './tables.ts';

const HOUR_MS = 3_600_000;
const HOURS = 30;
const organization = 'restored';
const range = { organization, fromMs: START_MS, toMs: START_MS + HOURS * HOUR_MS };
const byTeam: SpendQuery = { ...range, by: 'budget', groupBy: ['team'] };
const events = Array.from({ length: HOURS * 2 }, (_, index) =>
  usageEvent({ organization, budgetInstantMs: START_MS + (index % HOURS) * HOUR_MS }),
);

let directory: string;
let store: UsageStore;
let tables: Tables;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tallygate-rebuild-'));
  store = await openUsageStore({ kind: 'embedded', directory }, { clock: fixedClock, settlingMs: 0 });
  tables = openTables(directory);
  await store.store(segmentOf(events));
  while ((await store.addUp()).more);
});
afterEach(async () => {
  await tables.close();
  await store.close();
  rmSync(directory, { recursive: true });
});

/** As after a copy was restored without them, or a slip of the hand. */
async function loseRollups(): Promise<void> {
  for (const table of ['spend_hours', 'billing_hours', 'spend_days', 'billing_days'])
    await tables.run(`TRUNCATE TABLE ${table}`);
  expect(await store.spend(byTeam)).toEqual([]);
}

/** As if the hours had been marked, and added up, that long ago. Both columns choose among copies, so no mutation may touch them. */
async function age(hours = 'true'): Promise<void> {
  const chosen = `organization = '${organization}' AND ${hours}`;
  await aged('dirty_hours', `if(${chosen}, marked_at - INTERVAL 4 HOUR, marked_at) AS marked_at`);
  await aged(
    'rollup_pointers',
    `if(${chosen.replace('hour', 'start')}, taken_at - INTERVAL 2 HOUR, taken_at) AS taken_at`,
  );
}

async function aged(table: string, replacement: string): Promise<void> {
  await tables.run(`CREATE TABLE older AS ${table}`);
  await tables.run(
    `INSERT INTO older SETTINGS async_insert = 0 SELECT * REPLACE (${replacement}) FROM ${table}`,
  );
  await tables.run(`EXCHANGE TABLES older AND ${table}`);
  await tables.run('DROP TABLE older SYNC');
}

describe('rebuilding the rollups of a range', () => {
  it('brings sums back from the rows, and says how far it is', async () => {
    await loseRollups();
    await age();
    const told: [number, number][] = [];
    const rebuilt = await store.rebuild({ ...range, onHours: (...progress) => told.push(progress) });
    expect(rebuilt).toEqual({ hours: HOURS });
    expect(told.at(0)).toEqual([0, HOURS]);
    expect(told.at(-1)).toEqual([HOURS, HOURS]);
    expect(await store.spend(byTeam)).toEqual(naiveSpend(events, byTeam));
    await tables.run('TRUNCATE TABLE usage_events');
    expect(await store.spend(byTeam)).toEqual(naiveSpend(events, byTeam));
  });

  it('goes on where it was interrupted: what was added up within the hour is left', async () => {
    await age(`hour >= toDateTime(${START_MS / 1_000 + 10 * 3_600}, 'UTC')`);
    expect(await store.rebuild(range)).toEqual({ hours: HOURS - 10 });
    expect(await store.rebuild(range)).toEqual({ hours: 0 });
  });

  it('leaves other organizations and other hours alone', async () => {
    await age();
    expect(await store.rebuild({ ...range, organization: 'another' })).toEqual({ hours: 0 });
    expect(await store.rebuild({ ...range, toMs: START_MS + 2 * HOUR_MS })).toEqual({ hours: 2 });
  });
});
