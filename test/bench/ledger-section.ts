import type { IngestBench } from './ledger-ingest.ts';
import type { QueryBench } from './ledger-queries.ts';

export interface LedgerBench extends IngestBench, QueryBench {
  /** The largest the process ever was, engine and all. */
  peakMemoryMb: number;
}

/** What the numbers are held against; null where there is no goal. */
const GOALS: Record<keyof LedgerBench, [what: string, unit: string, goal: string | null]> = {
  appendMicrosPerEvent: ['an event into the spool, safe from the death of the process', 'µs', null],
  drainRowsPerSecond: ['drain: sealed segments on disk to rows in the ledger', 'rows/s', null],
  bareInsertRowsPerSecond: ['the same rows by `@clickhouse/client` alone', 'rows/s', null],
  ratio: ['drain ÷ bare insert', '', '≥ 0.8'],
  bytesPerRowHot: ['a row on disk', 'bytes', '≤ 90'],
  bytesPerRowCold: ['a row older than 60 days', 'bytes', '≤ 52'],
  orgMonthByTeamMs: ["the largest organization's month by team", 'ms', '≤ 15'],
  allOrgsMonthMs: ['the month of all 50 organizations, one after the other', 'ms', null],
  lastTwoHoursMs: ["the largest organization's last two hours by team, from rows", 'ms', '≤ 100'],
  rebuildHourMs: ['one hour of all organizations added up again, with its day', 'ms', null],
  peakMemoryMb: ['largest size of the process, engine included', 'MB', null],
};

/** The section of docs/benchmarks.md. `measured` says when and where, the load averages how much else the machine had to do. */
export function ledgerSection(
  result: LedgerBench,
  { rows, ratioRows }: { rows: number; ratioRows: number },
  measured: string,
  [, , loadAverage = 0]: readonly number[],
): string {
  const lines = Object.entries(GOALS).map(([name, [what, unit, goal]]) => {
    const value = result[name as keyof LedgerBench].toLocaleString('en-US', { maximumFractionDigits: 3 });
    return `| ${what} | ${`${value} ${unit}`.trim()} | ${goal ?? ''} |`;
  });
  return [
    rows === 10_000_000 ? '## The ledger' : `## The ledger at ${rows.toLocaleString('en-US')} rows`,
    `${measured} Again: \`npm run bench -- ledger --rows ${rows}\`.`,
    ['| what | measured | goal |', '| --- | --- | --- |', ...lines].join('\n'),
    `Embedded engine, ${ratioRows.toLocaleString('en-US')} events recorded and drained in ten rounds, each followed by the bare insert of the
same rows in batches of 5,000 into a table like the ledger's; ${rows.toLocaleString('en-US')} rows of 50 organizations over 31 days for the questions,
provider ids as long and as random as real ones, medians of 15. Every insert is synced to disk by the table's settings, the bare
one as well; the ledger's besides marks the hours it touches. Both halves ran in one process. The load average of the machine over
the last 15 minutes of the run was ${loadAverage.toFixed(1)}: times, unlike the ratio, grow with what it is above 1.`,
  ].join('\n\n');
}
