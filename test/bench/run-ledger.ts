import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, writeBenchmarks } from './benchmarks-doc.ts';
import { runPart } from './ledger-parts.ts';
import { type LedgerBench, ledgerSection, monthSection } from './ledger-section.ts';
import type { BenchRun, ShowProgress } from './run.ts';

/** What goals are set for, and the page holds in full; of larger months it has the month alone, and smaller ones are tries. */
const ROWS_OF_THE_PAGE = 10_000_000;
const OPTIONS = {
  rows: { type: 'string' },
  'ratio-rows': { type: 'string' },
  data: { type: 'string' },
  only: { type: 'string' },
} as const;

/**
 * The ledger: what it costs to get rows in, what they take on disk, how long questions take.
 *
 * `--rows` of the month that is asked about (10,000,000), `--ratio-rows` that are recorded and drained (1,000,000), `--data` where
 * the month is kept between runs (a folder of the system's temporary one, by its size): an interrupted run goes on there.
 * `--only month` leaves recording and draining out.
 */
export async function runLedger(showProgress: ShowProgress, flags: string[]): Promise<BenchRun> {
  const { values } = parseArgs({ args: flags, options: OPTIONS });
  if (values.only !== undefined && values.only !== 'month')
    throw new Error(`--only takes "month", not "${values.only}".`);
  const rows = count(values.rows ?? '10000000', '--rows');
  const ratioRows = count(values['ratio-rows'] ?? `${Math.min(rows, 1_000_000)}`, '--ratio-rows');
  const ingest = values.only === 'month' ? null : await recordAndDrain(ratioRows, showProgress);
  const directory = values.data ?? join(tmpdir(), `tallygate-bench-month-${rows}`);
  const month = await runPart('month', rows, directory, showProgress);
  const asked = await runPart('questions', rows, directory, showProgress);
  const measured = {
    ...ingest?.result,
    ...month.result,
    ...asked.result,
    peakMemoryMb: Math.max(ingest?.peakMemoryMb ?? 0, asked.peakMemoryMb),
  };
  const when = { measured: circumstances(Date.now()), loadAverage: loadavg()[2] ?? 0 };
  if (rows === ROWS_OF_THE_PAGE && ingest !== null) {
    const peaksMb = { ingest: ingest.peakMemoryMb, questions: asked.peakMemoryMb };
    writeBenchmarks('ledger', ledgerSection(measured as LedgerBench, { rows, ratioRows, peaksMb, ...when }));
  }
  if (rows > ROWS_OF_THE_PAGE) {
    const ofTheMonth = { ...month.result, ...asked.result, peakMemoryMb: asked.peakMemoryMb };
    writeBenchmarks(`ledger-${rows}`, monthSection(ofTheMonth, { rows, ...when }));
  }
  return { result: measured, readable: readable(measured), exitCode: 0 };
}

async function recordAndDrain(rows: number, showProgress: ShowProgress) {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-bench-'));
  try {
    return await runPart('ingest', rows, directory, showProgress);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function count(text: string, flag: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 10) return value;
  throw new Error(`${flag} takes a whole number from 10 on, not "${text}".`);
}

function readable(result: object): string {
  return Object.entries(result)
    .map(([name, value]) => `${name.padEnd(28)} ${value}\n`)
    .join('');
}
