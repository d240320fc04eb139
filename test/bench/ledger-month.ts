import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openUsageStore } from '@tallygate/ledger';
import { systemClock } from '@tallygate/usage';
import { openTables, type Tables } from '../integration/ledger/tables.ts';
import { insertMadeRows, MONTH_END_MS, MONTH_START_MS } from './ledger-made-rows.ts';
import type { ShowProgress } from './run.ts';

/** What a month of usage takes on disk. */
export interface MonthBench {
  bytesPerRowHot: number;
  /** Of rows older than the provider's ids are kept. */
  bytesPerRowCold: number;
}

const ROWS_PER_CHUNK = 500_000;
/** Half a million rows in one block are our doing, not the ledger's. */
export const MEMORY_MB = 4_096;
/** Measured on a sample: of these organizations, larger and smaller ones, all rows of a while. */
const COLD_SAMPLE = "organization IN ('org-1', 'org-11', 'org-21', 'org-31', 'org-41')";
const COLD_SAMPLE_ROWS = 1_000_000;
const COLD_AGE_DAYS = 90;

/** Makes what is still missing of the month: `chunks` beside it counts those that are in. */
export async function benchMonth(
  rows: number,
  directory: string,
  showProgress: ShowProgress,
): Promise<MonthBench> {
  mkdirSync(directory, { recursive: true });
  const address = { kind: 'embedded', directory: join(directory, 'ledger'), memoryMb: MEMORY_MB } as const;
  const store = await openUsageStore(address, { clock: systemClock });
  const tables = openTables(address.directory);
  try {
    const insert = (first: number, count: number) => insertMadeRows(first, count, rows);
    await fill(tables, rows, insert, join(directory, 'chunks'), showProgress);
    const bytesPerRowHot = await bytesPerRow(tables, 'usage_events');
    return { bytesPerRowHot, bytesPerRowCold: await coldBytesPerRow(tables, rows) };
  } finally {
    await tables.close();
    await store.close();
  }
}

/** An interrupted run goes on behind the chunks that are in, and the last one is dropped if it was in. */
export async function fill(
  tables: Tables,
  rows: number,
  insertRows: (first: number, count: number) => string,
  progressFile: string,
  showProgress: ShowProgress,
): Promise<void> {
  const done = existsSync(progressFile) ? Number(readFileSync(progressFile, 'utf8')) : 0;
  const chunks = Math.ceil(rows / ROWS_PER_CHUNK);
  if (done > chunks)
    throw new Error(`The directory holds a larger month: remove it, or ask for its ${done} chunks.`);
  for (let chunk = done; chunk < chunks; chunk += 1) {
    const first = chunk * ROWS_PER_CHUNK;
    await tables.run(insertRows(first, Math.min(ROWS_PER_CHUNK, rows - first)));
    writeFileSync(progressFile, `${chunk + 1}`);
    showProgress(chunk + 1, chunks, 'chunks of the month');
  }
  if (done < chunks) await tables.run('OPTIMIZE TABLE usage_events FINAL');
}

async function bytesPerRow(tables: Tables, table: string): Promise<number> {
  const [size] = await tables.rows(`SELECT toFloat64(round(sum(bytes_on_disk) / sum(rows), 1)) AS bytes
    FROM system.parts WHERE active AND database = currentDatabase() AND table = '${table}'`);
  return Number(size?.['bytes']);
}

/** The same rows, older: what the table's own rules leave of them. As dense as they are, so of a larger month a shorter while. */
async function coldBytesPerRow(tables: Tables, rows: number): Promise<number> {
  const older = (column: string) => `${column} - INTERVAL ${COLD_AGE_DAYS} DAY AS ${column}`;
  const share = Math.min(1, (10 * COLD_SAMPLE_ROWS) / rows);
  const untilMs = MONTH_START_MS + Math.round((MONTH_END_MS - MONTH_START_MS) * share);
  await tables.run('DROP TABLE IF EXISTS usage_events_cold');
  await tables.run('CREATE TABLE usage_events_cold AS usage_events');
  await tables.run(`INSERT INTO usage_events_cold SETTINGS async_insert = 0
    SELECT * REPLACE (${older('started_at')}, ${older('ended_at')}, ${older('budget_instant')})
    FROM usage_events WHERE ${COLD_SAMPLE} AND budget_instant < fromUnixTimestamp64Milli(${untilMs})`);
  await tables.run('OPTIMIZE TABLE usage_events_cold FINAL');
  return bytesPerRow(tables, 'usage_events_cold');
}
