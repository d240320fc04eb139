import {
  type BilledColumns,
  type BilledDay,
  type CostBucket,
  readBilledCsv,
  readConsoleCsv,
  type UsageBucket,
} from '@tallygate/admin-api';
import { TallygateError } from '@tallygate/usage';
import { lookAt, readRecords } from '../import/read-file.ts';
import type { ReportedBill, ReportedDimension } from './bill.ts';
import { joinLines, sumLines } from './join-lines.ts';

export interface BilledFiles {
  paths: readonly string[];
  /** Null: as the Console exports usage and cost. */
  columns: BilledColumns | null;
  groupBy: readonly ReportedDimension[];
  /** Only these; empty: all. */
  models: readonly string[];
  nowMs: number;
}

const DAY_MS = 86_400_000;

/**
 * A bill from files that somebody exported, in the form that reports have. A file that ends between two rows is no shorter than one
 * that is whole: compare its total with what its source shows.
 *
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for a row that cannot be read: half a bill looks like a smaller one.
 */
export async function readBilledFiles(
  files: BilledFiles,
): Promise<{ bill: ReportedBill; fromMs: number; toMs: number }> {
  const { paths, columns, groupBy, models, nowMs } = files;
  const days: BilledDay[] = [];
  for (const path of paths) {
    const rows = await rowsOf(path);
    days.push(...(columns === null ? readConsoleCsv(rows) : readBilledCsv(rows, columns)));
  }
  const isAsked = ({ group }: { group: { model?: string | null } }) =>
    models.length === 0 || models.includes(group.model ?? '');
  const bucketOf = <Row>({ startMs }: BilledDay, rows: Row[]) => ({ startMs, endMs: startMs + DAY_MS, rows });
  const usage: UsageBucket[] = days.map((day) => bucketOf(day, day.usage.filter(isAsked)));
  const costs: CostBucket[] = days.map((day) => bucketOf(day, day.costs.filter(isAsked)));
  const without = { requests: null, costPicoUsd: 0n, listCostPicoUsd: null };
  const lines = joinLines({ usage, costs, groupBy, without });
  const starts = days.map(({ startMs }) => startMs);
  const freshness = { readAtMs: nowMs, completeToMs: null };
  const caveats = usage.some(({ rows }) => rows.length > 0)
    ? []
    : ['These files hold no usage, only amounts.'];
  return {
    bill: { source: 'csv', lines, total: sumLines(lines), freshness, caveats },
    fromMs: Math.min(...starts),
    toMs: Math.max(...starts) + DAY_MS,
  };
}

async function rowsOf(path: string) {
  lookAt(path);
  const rows: { line: number; value: Record<string, unknown> }[] = [];
  for await (const record of readRecords(path, 'csv', () => {})) {
    if ('fault' in record) throw malformed(`Line ${record.line} of ${path} cannot be read: ${record.fault}.`);
    rows.push(record);
  }
  if (rows.length === 0) throw malformed(`${path} holds no row.`);
  return rows;
}

function malformed(message: string): TallygateError {
  return new TallygateError('TALLYGATE_REPORT_MALFORMED', { message });
}
