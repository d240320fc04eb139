import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { type SpendQuery, systemClock } from '@tallygate/usage';
import { openTables, type Tables } from '../integration/ledger/tables.ts';
import { insertMadeRows, MONTH_END_MS, MONTH_START_MS, ORGANIZATIONS } from './ledger-made-rows.ts';
import type { ShowProgress } from './run.ts';

/** What a month of usage takes on disk, and how long questions about it take. Times are medians, in a process that is warm. */
export interface QueryBench {
  bytesPerRowHot: number;
  /** Of rows older than the provider's ids are kept. */
  bytesPerRowCold: number;
  /** One organization, the largest: its month by team. */
  orgMonthByTeamMs: number;
  /** The month of each of the organizations, one after the other. */
  allOrgsMonthMs: number;
  /** The largest organization's last two hours by team, which no rollup has seen yet. */
  lastTwoHoursMs: number;
  /** One hour of all organizations is added up again, and the day it lies in. */
  rebuildHourMs: number;
}

const ROWS_PER_CHUNK = 500_000;
const REPETITIONS = 15;
const HOUR_MS = 3_600_000;
/** Measured on a sample: of these organizations, larger and smaller ones, all rows. */
const COLD_SAMPLE = "organization IN ('org-1', 'org-11', 'org-21', 'org-31', 'org-41')";
const COLD_AGE_DAYS = 90;

export async function benchQueries(
  rows: number,
  directory: string,
  showProgress: ShowProgress,
): Promise<QueryBench> {
  mkdirSync(directory, { recursive: true });
  const ledger = join(directory, 'ledger');
  const store = await openUsageStore(
    { kind: 'embedded', directory: ledger },
    { clock: systemClock, settlingMs: 0 },
  );
  const tables = openTables(ledger);
  try {
    await fill(tables, rows, join(directory, 'chunks'), showProgress);
    await addUpAll(store, showProgress);
    const bytesPerRowHot = await bytesPerRow(tables, 'usage_events');
    const bytesPerRowCold = await coldBytesPerRow(tables);
    return { bytesPerRowHot, bytesPerRowCold, ...(await questions(store, tables)) };
  } finally {
    await tables.close();
    await store.close();
  }
}

/** A file counts the chunks that are in: an interrupted run goes on behind them, and the last one is dropped if it was in. */
async function fill(
  tables: Tables,
  rows: number,
  progressFile: string,
  showProgress: ShowProgress,
): Promise<void> {
  const done = existsSync(progressFile) ? Number(readFileSync(progressFile, 'utf8')) : 0;
  const chunks = Math.ceil(rows / ROWS_PER_CHUNK);
  if (done > chunks)
    throw new Error(`The directory holds a larger month: remove it, or ask for its ${done} chunks.`);
  for (let chunk = done; chunk < chunks; chunk += 1) {
    const first = chunk * ROWS_PER_CHUNK;
    await tables.run(insertMadeRows(first, Math.min(ROWS_PER_CHUNK, rows - first), rows));
    writeFileSync(progressFile, `${chunk + 1}`);
    showProgress(chunk + 1, chunks, 'chunks of the month');
  }
  if (done < chunks) await tables.run('OPTIMIZE TABLE usage_events FINAL');
}

async function addUpAll(store: UsageStore, showProgress: ShowProgress): Promise<void> {
  let added = { hours: 0, days: 0 };
  for (let more = true; more; ) {
    const run = await store.addUp();
    added = { hours: added.hours + run.hours, days: added.days + run.days };
    more = run.more;
    showProgress(added.days, ORGANIZATIONS * 31, `days added up, of ${added.hours} hours`);
  }
}

async function questions(store: UsageStore, tables: Tables) {
  const month: SpendQuery = {
    organization: 'org-0',
    fromMs: MONTH_START_MS,
    toMs: MONTH_END_MS,
    by: 'budget',
    groupBy: ['team'],
  };
  const lastTwoHours = { ...month, fromMs: MONTH_END_MS - 2 * HOUR_MS };
  const everyone = Array.from({ length: ORGANIZATIONS }, (_, number) => `org-${number}`);
  const orgMonthByTeamMs = await medianMs(() => store.spend(month));
  const allOrgsMonthMs = await medianMs(async () => {
    for (const organization of everyone) await store.spend({ ...month, organization, groupBy: [] });
  });
  const rebuildHourMs = await medianMs(
    () => store.addUp(),
    () => markDirty(tables, MONTH_END_MS - 30 * HOUR_MS, 1),
  );
  await markDirty(tables, MONTH_END_MS - 2 * HOUR_MS, 2);
  const lastTwoHoursMs = await medianMs(() => store.spend(lastTwoHours));
  await store.addUp();
  return { orgMonthByTeamMs, allOrgsMonthMs, lastTwoHoursMs, rebuildHourMs };
}

/** As if rows had just come in. */
async function markDirty(tables: Tables, fromMs: number, hours: number): Promise<void> {
  await tables.run(`INSERT INTO dirty_hours SETTINGS async_insert = 0
    SELECT concat('org-', toString(number)), toDateTime(${fromMs / 1_000} + 3600 * hour, 'UTC'), now64(6)
    FROM numbers(${ORGANIZATIONS}) ARRAY JOIN range(${hours}) AS hour`);
}

async function bytesPerRow(tables: Tables, table: string): Promise<number> {
  const [size] = await tables.rows(`SELECT toFloat64(round(sum(bytes_on_disk) / sum(rows), 1)) AS bytes
    FROM system.parts WHERE active AND database = currentDatabase() AND table = '${table}'`);
  return Number(size?.['bytes']);
}

/** The same rows, older: what the table's own rules leave of them. */
async function coldBytesPerRow(tables: Tables): Promise<number> {
  const older = (column: string) => `${column} - INTERVAL ${COLD_AGE_DAYS} DAY AS ${column}`;
  await tables.run('DROP TABLE IF EXISTS usage_events_cold');
  await tables.run('CREATE TABLE usage_events_cold AS usage_events');
  await tables.run(`INSERT INTO usage_events_cold SETTINGS async_insert = 0
    SELECT * REPLACE (${older('started_at')}, ${older('ended_at')}, ${older('budget_instant')})
    FROM usage_events WHERE ${COLD_SAMPLE}`);
  await tables.run('OPTIMIZE TABLE usage_events_cold FINAL');
  return bytesPerRow(tables, 'usage_events_cold');
}

async function medianMs(
  work: () => Promise<unknown>,
  before: () => Promise<unknown> = async () => {},
): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index <= REPETITIONS; index += 1) {
    await before();
    const startedMs = performance.now();
    await work();
    // The first one warms up.
    if (index > 0) times.push(performance.now() - startedMs);
  }
  times.sort((left, right) => left - right);
  return Math.round((times[Math.floor(times.length / 2)] ?? Number.NaN) * 10) / 10;
}
