/** Raw rows as files, for whoever computes elsewhere: one per UTC day, so that an interrupted export goes on where it was. */
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
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
/** Of the disk, and of the share of it that the user has. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const STATEMENTS = { csv: QUERIES.export_csv, parquet: QUERIES.export_parquet };

/**
 * Writes `usage-2026-10-14.parquet` and so on, by the day in which an attempt ended. A file has its name only once it is whole;
 * a file that is there is left as it is, so delete those that late rows may have changed.
 *
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for instants within a day, `TALLYGATE_LEDGER_UNAVAILABLE` when the ledger
 * does not answer, `TALLYGATE_EXPORT_STOPPED` when the disk takes no more: the day stays without a file, the days before it have
 * theirs.
 */
export async function exportDays(database: Database, order: ExportOrder): Promise<ExportedDays> {
  const days = daysOf(order);
  const report: ExportedDays = { files: [], written: 0 };
  const progress = () => `${report.files.length} of ${days.length} days have their file`;
  await onDisk(mkdir(order.directory, { recursive: true }), order.directory, progress);
  for (const dayMs of days) {
    const name = `usage-${isoFromMs(dayMs).slice(0, 10)}.${order.format}`;
    if (!existsSync(join(order.directory, name))) {
      await exportDay(database, order, dayMs, { file: join(order.directory, name), progress });
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

interface DayFile {
  file: string;
  progress: () => string;
}

async function exportDay(
  database: Database,
  { organization, format }: ExportOrder,
  dayMs: number,
  { file, progress }: DayFile,
): Promise<void> {
  const part = `${file}.part`;
  const bytes = await database.read(STATEMENTS[format], {
    organization,
    fromMs: dayMs,
    toMs: dayMs + DAY_MS,
  });
  try {
    const handle = await onDisk(open(part, 'w'), file, progress);
    await copied(bytes, handle, { file, progress }).finally(() => handle.close());
    await onDisk(rename(part, file), file, progress);
  } catch (cause) {
    bytes.destroy();
    // A full disk needs the room, and nobody reads half a day.
    await rm(part, { force: true }).catch(() => undefined);
    throw ledgerFailure(cause);
  }
}

/** What the connection throws within an answer stays what it is; what the file throws is told as such. */
async function copied(
  bytes: AsyncIterable<Buffer>,
  handle: FileHandle,
  { file, progress }: DayFile,
): Promise<void> {
  for await (const chunk of bytes) await onDisk(handle.appendFile(chunk), file, progress);
  await onDisk(handle.sync(), file, progress);
}

async function onDisk<T>(work: Promise<T>, path: string, progress: () => string): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const { code = 'no reason given' } = cause as NodeJS.ErrnoException;
    const reason = FULL.has(code) ? 'the disk is full' : `the disk refused it (${code})`;
    throw new TallygateError('TALLYGATE_EXPORT_STOPPED', {
      message: `${path} was not written because ${reason}: ${progress()}.`,
      cause,
    });
  }
}
