import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore } from '@tallygate/ledger';
import { NO_USAGE, type SpendDimension, type UsageEvent } from '@tallygate/usage';
import { expect, it } from 'vitest';
import { naiveSpend } from '../../contract/naive-spend.ts';
import { fixedClock, START_MS, segmentOf, usageEvent, usageLine } from '../../contract/usage-fixtures.ts';
import { openTables } from './tables.ts';

const HOUR_MS = 3_600_000;
const organization = 'corrected';

/** An attempt, on its own or with a second line, and what a change of prices takes from each of its lines. */
function eventAt(index: number): UsageEvent {
  const lines =
    index % 3 === 0 ? [usageLine(), usageLine({ line: 1, lineType: 'compaction' })] : [usageLine()];
  const budgetInstantMs = START_MS + (index % 4) * HOUR_MS;
  const status = index % 5 === 0 ? 'error' : 'ok';
  return usageEvent({ organization, budgetInstantMs, endedAtMs: budgetInstantMs, status, lines });
}

function correctionOf(event: UsageEvent): UsageEvent {
  const moved = { listCostNanoUsd: -7n, contractedCostNanoUsd: -7n, roundingPicoUsd: -900 };
  const lines = event.lines.map((line) => ({ ...line, ...moved, line: line.line + 1_000, usage: NO_USAGE }));
  return { ...event, latencyMs: 0, lines };
}

it('corrections move the money of rows and of rollups, and no count; rollups keep no event by id for them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-corrections-'));
  const store = await openUsageStore({ kind: 'embedded', directory }, { clock: fixedClock, settlingMs: 0 });
  const tables = openTables(directory);
  const events = Array.from({ length: 40 }, (_, index) => eventAt(index));
  const expectExact = async (recorded: readonly UsageEvent[]) => {
    for (const dimensions of [['team'], ['status'], ['hour'], ['responseModel'], ['lineType']]) {
      const groupBy = dimensions as SpendDimension[];
      const range = { fromMs: START_MS - HOUR_MS, toMs: START_MS + 5 * HOUR_MS, by: 'budget' as const };
      const query = { organization, groupBy, ...range };
      const answer = await store.spend(query);
      expect(sorted(answer), dimensions.join()).toEqual(sorted(naiveSpend(recorded, query)));
    }
  };
  const keptById = async () => {
    const sql = `SELECT length(split_attempts) AS kept FROM spend_hours WHERE generation IN (SELECT argMax(generation, taken_at) FROM rollup_pointers WHERE grain = 'hour' GROUP BY start)`;
    return (await tables.rows(sql)).reduce((sum, row) => sum + Number(row['kept']), 0);
  };
  try {
    await store.store(segmentOf(events));
    await store.addUp();
    await expectExact(events);
    const before = await keptById();
    await store.store(segmentOf(events.map(correctionOf)));
    const both = [...events, ...events.map(correctionOf)];
    await expectExact(both);
    await store.addUp();
    await expectExact(both);
    expect(await keptById()).toBe(before);
    expect(before).toBe(14);
  } finally {
    await store.close();
    await tables.close();
    rmSync(directory, { recursive: true });
  }
});

function sorted<Row>(rows: readonly Row[]): Row[] {
  const textOf = (row: Row) =>
    JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? `${value}` : value));
  return [...rows].sort((left, right) => (textOf(left) < textOf(right) ? -1 : 1));
}
