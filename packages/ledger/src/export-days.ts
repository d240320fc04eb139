/** Raw rows as files, for whoever computes elsewhere: one per UTC day, so that an interrupted export goes on where it was. */
import { createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import type { Database } from './database.ts';
import { ledgerFailure } from './database-errors.ts';
import { QUERIES } from './sql.generated.ts';

export interface ExportOrder {
  organization: string;
  /** UTC midnights. */
  fromMs: number;
  toMs: number;
  /** The engine writes both: parquet keeps types, csv has a first line of names and quotes what must be quoted. */
  format: 'csv' | 'parquet';
  /** Is made when it is missing. */
  directory: string;
  /** After each day, `done` of `total`. */
  onDay?: (done: number, total: number) => void;
}

export interface ExportedDays {
  /** Names of the files, oldest first, whether they were written now or before. */
  files: string[];
  written: number;
}

const DAY_MS = 86_400_000;
const STATEMENTS = { csv: QUERIES.export_csv, parquet: QUERIES.export_parquet };

/**
 * Writes `usage-2026-10-14.parquet` and so on, by the day in which an attempt ended. A file has its name only once it is whole;
 * a file that is there is left as it is, so delete those that late rows may have changed.
 *
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for instants within a day, `TALLYGATE_LEDGER_UNAVAILABLE` when the ledger
 * does not answer: the day stays without a file.
 */
export async function exportDays(database: Database, order: ExportOrder): Promise<ExportedDays> {
  const days = daysOf(order);
  mkdirSync(order.directory, { recursive: true });
  const report: ExportedDays = { files: [], written: 0 };
  for (const dayMs of days) {
    const name = `usage-${isoFromMs(dayMs).slice(0, 10)}.${order.format}`;
    if (!existsSync(join(order.directory, name))) {
      await exportDay(database, order, dayMs, join(order.directory, name));
      report.written += 1;
    }
    report.files.push(name);
    order.onDay?.(report.files.length, days.length);
  }
  return report;
}

function daysOf({ fromMs, toMs }: ExportOrder): number[] {
  if (fromMs % DAY_MS !== 0 || toMs % DAY_MS !== 0 || fromMs >= toMs) {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: 'An export is of whole days in UTC, at least one.',
      cure: 'Name the first day and the day after the last one.',
    });
  }
  return Array.from({ length: (toMs - fromMs) / DAY_MS }, (_, index) => fromMs + index * DAY_MS);
}

async function exportDay(
  database: Database,
  { organization, format }: ExportOrder,
  dayMs: number,
  file: string,
): Promise<void> {
  const range = { organization, fromMs: dayMs, toMs: dayMs + DAY_MS };
  const bytes = await database.read(STATEMENTS[format], range);
  // A connection may break within the answer: then the part stays a part, and is written over.
  await pipeline(bytes, createWriteStream(`${file}.part`, { flush: true })).catch((cause: unknown) => {
    throw ledgerFailure(cause);
  });
  renameSync(`${file}.part`, file);
}
