import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import {
  type BilledColumns,
  type BilledDay,
  type CostBucket,
  type CsvRow,
  readBilledCsv,
  readConsoleCsv,
  type UsageBucket,
} from '@tallygate/admin-api';
import { TallygateError } from '@tallygate/usage';
import { type Digest, digestOf } from '../digest.ts';
import { lookAt, readRecords } from '../import/read-file.ts';

/** A file that somebody exported, and what tells it from any other. */
export interface BilledFile extends Digest {
  name: string;
  changedMs: number;
  rows: CsvRow[];
  /** False: its last line does not end, and what is missing of an amount there is an amount, too. */
  endsWhole: boolean;
}

/** What files say was billed, by day. */
export interface BilledDays {
  files: BilledFile[];
  /** From the first day that they hold to the end of the last one. */
  fromMs: number;
  toMs: number;
  usage: UsageBucket[];
  costs: CostBucket[];
  /** What a reader must know of them. */
  remarks: string[];
}

const DAY_MS = 86_400_000;

/**
 * Bills that somebody exported, whole. A file that ends between two rows is no shorter than one that is whole: compare its total with
 * what its source shows.
 *
 * @param columns null: as the Console exports usage and cost.
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for a row that cannot be read, or a file twice: half a bill looks like a smaller
 * one, and one twice like a larger one.
 */
export async function readBilledFiles(
  paths: readonly string[],
  columns: BilledColumns | null,
): Promise<BilledDays> {
  const files: BilledFile[] = [];
  for (const path of paths) files.push(await readBilledFile(path));
  const twice = files.find(({ sha256 }, index) => files.findIndex((one) => one.sha256 === sha256) < index);
  if (twice !== undefined) throw malformed(`${twice.name} is given twice, perhaps by another name.`);
  const read =
    columns === null
      ? [readConsoleCsv(...files.map(({ rows }) => rows))]
      : files.map(({ rows }) => readBilledCsv(rows, columns));
  const days = read.flatMap((one) => one.days);
  const starts = days.map(({ startMs }) => startMs);
  const bucketOf = <Row>({ startMs }: BilledDay, rows: Row[]) => ({ startMs, endMs: startMs + DAY_MS, rows });
  return {
    files,
    fromMs: Math.min(...starts),
    toMs: Math.max(...starts) + DAY_MS,
    usage: days.map((day) => bucketOf(day, day.usage)),
    costs: days.map((day) => bucketOf(day, day.costs)),
    remarks: [...cutRemarks(files), ...read.flatMap((one) => one.remarks)],
  };
}

async function readBilledFile(path: string): Promise<BilledFile> {
  const { changedMs } = lookAt(path);
  const rows: CsvRow[] = [];
  for await (const record of readRecords(path, 'csv', () => {})) {
    if ('fault' in record) throw malformed(`Line ${record.line} of ${path} cannot be read: ${record.fault}.`);
    rows.push({ file: basename(path), ...record });
  }
  if (rows.length === 0) throw malformed(`${path} holds no row.`);
  const content = readFileSync(path);
  const endsWhole = content.at(-1) === LINE_FEED;
  return { name: basename(path), changedMs, rows, endsWhole, ...digestOf(content) };
}

const LINE_FEED = 10;

/** What a reader must know of files that may have been cut. */
function cutRemarks(files: readonly BilledFile[]): string[] {
  return files
    .filter(({ endsWhole }) => !endsWhole)
    .map(
      ({ name }) =>
        `${name} does not end with a line break: it may have been cut, the last amount in it, too.`,
    );
}

function malformed(message: string): TallygateError {
  return new TallygateError('TALLYGATE_REPORT_MALFORMED', { message });
}
