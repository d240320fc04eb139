import type { IngestBench } from './ledger-ingest.ts';
import type { MonthBench } from './ledger-month.ts';
import type { QueryBench } from './ledger-queries.ts';

interface Peak {
  /** The largest that a process with a ledger of ours in it ever was, engine and all; the one that makes the month is not one. */
  peakMemoryMb: number;
}
export type LedgerBench = IngestBench & MonthBench & QueryBench & Peak;

interface Circumstances {
  rows: number;
  /** When and on what. */
  measured: string;
  /** How much else the machine had to do. */
  loadAverage: number;
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
  peakMemoryMb: ['largest size of a process, engine included', 'MB', '≤ 1,024'],
};

/** The section of docs/benchmarks.md about the size that goals are set for. */
export function ledgerSection(
  result: LedgerBench,
  about: Circumstances & { ratioRows: number; peaksMb: { ingest: number; questions: number } },
): string {
  const { rows, ratioRows, peaksMb } = about;
  const lines = Object.entries(GOALS).map(
    ([name, [what, unit, goal]]) => `${line(what, result[name as keyof LedgerBench], unit)} ${goal ?? ''} |`,
  );
  return [
    '## The ledger',
    `${about.measured} Again: \`npm run bench -- ledger --rows ${rows}\`.`,
    ['| what | measured | goal |', '| --- | --- | --- |', ...lines].join('\n'),
    `Embedded engine, ${text(ratioRows)} events recorded and drained in ten rounds, each followed by the bare insert of the
same rows in batches of 5,000 into a table like the ledger's; ${text(rows)} rows of 50 organizations over 31 days for the questions,
provider ids as long and as random as real ones, medians of 101 where it takes milliseconds and of 15 where more. Every insert is synced to disk by the table's settings, the bare
one as well; the ledger's besides marks the hours it touches. ${loadSentence(about)}`,
    `The process that recorded and drained was ${text(peaksMb.ingest)} MB at its largest, the bare client in it included; the one
that added the month up and was asked ${text(peaksMb.questions)} MB. Both have the engine as an application has it, with 512 MiB
(\`TALLYGATE_LEDGER_MEMORY_MB\`); besides a process holds its code, 240 MB that are mapped from a file, and Node.js.`,
  ].join('\n\n');
}

/** The section about a larger month. What recording takes does not depend on its size, and goals are not set for it. */
export function monthSection(result: MonthBench & QueryBench & Peak, about: Circumstances): string {
  const lines = Object.entries(GOALS).flatMap(([name, [what, unit]]) =>
    name in result ? [line(what, result[name as keyof typeof result], unit)] : [],
  );
  return [
    `## The ledger at ${text(about.rows)} rows a month`,
    `${about.measured} Again: \`npm run bench -- ledger --only month --rows ${about.rows}\`.`,
    ['| what | measured |', '| --- | --- |', ...lines].join('\n'),
    `The same questions as above, with the same 512 MiB for the engine, about a month that has ${text(about.rows / 10_000_000)} times as many rows of the
same 50 organizations. Goals are set for the smaller month. ${loadSentence(about)}`,
  ].join('\n\n');
}

function line(what: string, value: number, unit: string): string {
  return `| ${what} | ${`${text(value)} ${unit}`.trim()} |`;
}

function text(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

function loadSentence({ loadAverage }: Circumstances): string {
  return `The load average of the machine over
the last 15 minutes of the run was ${loadAverage.toFixed(1)}: times, unlike the ratio, grow with what it is above 1.`;
}
