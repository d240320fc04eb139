import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, writeBenchmarks } from './benchmarks-doc.ts';
import { benchIngest } from './ledger-ingest.ts';
import { benchQueries } from './ledger-queries.ts';
import { type LedgerBench, ledgerSection } from './ledger-section.ts';
import type { BenchRun, ShowProgress } from './run.ts';

/** What the page says is measured at this size or beyond; smaller runs are tries. */
const ROWS_OF_THE_PAGE = 10_000_000;

/**
 * The ledger: what it costs to get rows in, what they take on disk, how long questions take.
 *
 * `--rows` of the month that is asked about (10,000,000), `--ratio-rows` that are recorded and drained (1,000,000), `--data` where
 * the month is kept between runs (a folder of the system's temporary one, by its size): an interrupted run goes on there.
 */
export async function runLedger(showProgress: ShowProgress, flags: string[]): Promise<BenchRun> {
  const options = {
    rows: { type: 'string' },
    'ratio-rows': { type: 'string' },
    data: { type: 'string' },
  } as const;
  const { values } = parseArgs({ args: flags, options });
  const rows = count(values.rows ?? '10000000', '--rows');
  const ratioRows = count(values['ratio-rows'] ?? `${Math.min(rows, 1_000_000)}`, '--ratio-rows');
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-bench-'));
  try {
    const ingest = await benchIngest(ratioRows, directory, showProgress);
    const month = values.data ?? join(tmpdir(), `tallygate-bench-month-${rows}`);
    const queries = await benchQueries(rows, month, showProgress);
    const peakMemoryMb = Math.round(process.resourceUsage().maxRSS / 1_024);
    const result: LedgerBench = { ...ingest, ...queries, peakMemoryMb };
    if (rows >= ROWS_OF_THE_PAGE) {
      const section = ledgerSection(result, { rows, ratioRows }, circumstances(Date.now()), loadavg());
      writeBenchmarks(rows === ROWS_OF_THE_PAGE ? 'ledger' : `ledger-${rows}`, section);
    }
    return { result, readable: readable(result), exitCode: 0 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function count(text: string, flag: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 10) return value;
  throw new Error(`${flag} takes a whole number from 10 on, not "${text}".`);
}

function readable(result: LedgerBench): string {
  return Object.entries(result)
    .map(([name, value]) => `${name.padEnd(28)} ${value}\n`)
    .join('');
}
