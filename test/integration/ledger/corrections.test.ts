import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { NO_USAGE, type SpendDimension, type UsageEvent, type UsageLine } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { naiveSpend } from '../../contract/naive-spend.ts';
import { fixedClock, START_MS, segmentOf, usageEvent, usageLine } from '../../contract/usage-fixtures.ts';
import { openTables, type Tables } from './tables.ts';

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
  return { ...event, latencyMs: null, lines };
}

/** A reassignment: what the lines cost is taken from whom they were charged to, and charged to somebody else. */
function reassignedFrom(event: UsageEvent): UsageEvent[] {
  const moved = (line: UsageLine, sign: bigint, round: number): UsageLine => ({
    ...line,
    line: line.line + round,
    usage: NO_USAGE,
    listCostNanoUsd: sign * line.listCostNanoUsd,
    contractedCostNanoUsd: sign * line.contractedCostNanoUsd,
  });
  const attribution = { ...event.attribution, team: 'payments', feature: 'refunds', userPseudonym: 'u-2' };
  return [
    { ...event, latencyMs: null, lines: event.lines.map((line) => moved(line, -1n, 2_000)) },
    { ...event, latencyMs: null, attribution, lines: event.lines.map((line) => moved(line, 1n, 3_000)) },
  ];
}

const GROUPINGS: SpendDimension[][] = [
  ...[['team'], ['feature', 'status'], ['hour'], ['day', 'team'], ['responseModel'], ['lineType', 'feature']],
  ...[['apiKeyId', 'basis'], ['user'], ['requestModel', 'team'], []],
] as SpendDimension[][];

describe('rows that correct others', () => {
  const events = Array.from({ length: 40 }, (_, index) => eventAt(index));
  let directory: string;
  let store: UsageStore;
  let tables: Tables;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tallygate-corrections-'));
    store = await openUsageStore({ kind: 'embedded', directory }, { clock: fixedClock, settlingMs: 0 });
    tables = openTables(directory);
  });
  afterEach(async () => {
    await store.close();
    await tables.close();
    rmSync(directory, { recursive: true });
  });

  /** From hours and rows, and from a whole day. */
  async function expectExact(recorded: readonly UsageEvent[]): Promise<void> {
    const ranges = [
      { fromMs: START_MS - HOUR_MS, toMs: START_MS + 5 * HOUR_MS },
      { fromMs: START_MS - 12 * HOUR_MS, toMs: START_MS + 12 * HOUR_MS },
    ];
    for (const range of ranges) {
      for (const groupBy of GROUPINGS) {
        const query = { organization, groupBy, ...range, by: 'budget' as const };
        expect(sorted(await store.spend(query)), groupBy.join()).toEqual(sorted(naiveSpend(recorded, query)));
      }
    }
  }

  async function keptById(): Promise<number> {
    const sql = `SELECT length(split_attempts) AS kept FROM spend_hours WHERE generation IN (SELECT argMax(generation, taken_at) FROM rollup_pointers WHERE grain = 'hour' GROUP BY start)`;
    return (await tables.rows(sql)).reduce((sum, row) => sum + Number(row['kept']), 0);
  }

  it('move the money of rows and of rollups, and no count; rollups keep no event by id for them', async () => {
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
  });

  it('move money to others, who have attempted nothing by it', async () => {
    const recorded = [...events, ...events.slice(0, 20).flatMap(reassignedFrom)];
    await store.store(segmentOf(events));
    await store.addUp();
    await store.store(segmentOf(recorded.slice(events.length)));
    await expectExact(recorded);
    while ((await store.addUp()).more);
    await expectExact(recorded);
    const range = { organization, fromMs: START_MS - HOUR_MS, toMs: START_MS + 5 * HOUR_MS };
    const teams = await store.usage({ ...range, by: 'budget', groupBy: ['team'] });
    expect(teams.groups.find(({ group }) => group.team === 'payments')).toMatchObject({
      ...{ calls: 0, attempts: 0, failedAttempts: 0, errorRate: null, meanLatencyMs: null },
      contractedCostNanoUsd: 27n * 600_000n,
    });
  });
});

function sorted<Row>(rows: readonly Row[]): Row[] {
  const textOf = (row: Row) =>
    JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? `${value}` : value));
  return [...rows].sort((left, right) => (textOf(left) < textOf(right) ? -1 : 1));
}
