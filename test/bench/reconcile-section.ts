import type { ReconcileRun } from './reconcile-run.ts';

export type ReconcileBench = Omit<ReconcileRun, 'queries' | 'isRight'> & {
  /** By how much the process was larger than one with the engine that asks it the same. */
  peakMemoryMb: number;
  engineMemoryMb: number;
};

/** What the numbers are held against; null where there is no goal. */
const GOALS: Record<keyof ReconcileBench, [what: string, unit: string, goal: string | null]> = {
  seconds: ['computing (checks of the reports, comparison, causes), CPU', 's', '≤ 5'],
  wallSeconds: ['the same on the wall', 's', null],
  ledgerCpuSeconds: ['waiting for the ledger (questions, their answers, storing), CPU', 's', null],
  ledgerWallSeconds: ['the same on the wall', 's', null],
  engineCpuSeconds: ["the engine's threads, for all of the run, CPU", 's', null],
  providerCpuSeconds: [
    "waiting for the provider's pages (HTTP, JSON, the check of each row), CPU",
    's',
    null,
  ],
  providerWallSeconds: ['the same on the wall', 's', null],
  peakMemoryMb: ['its largest size, above that of the engine', 'MB', '≤ 400'],
  engineMemoryMb: ['the engine: a process that asks it the same and compares nothing', 'MB', null],
};

/** The section of docs/benchmarks.md. */
export function reconcileSection(
  result: ReconcileBench,
  about: { measured: string; rows: number; load: number },
): string {
  const lines = Object.entries(GOALS).map(
    ([name, [what, unit, goal]]) =>
      `| ${what} | ${text(result[name as keyof ReconcileBench])} ${unit} | ${goal ?? ''} |`,
  );
  return [
    '## Reconciling a month',
    `${about.measured} Again: \`npm run bench -- reconcile\`.`,
    ['| what | measured | goal |', '| --- | --- | --- |', ...lines].join('\n'),
    `What \`tallygate reconcile\` does, for an organization of 1,000 keys and 10 models over 31 days: ${text(about.rows)} rows in the
embedded engine with its 512 MiB, and analytics reports of 310,310 groups, of the usage twice and of the cost once, from a stand-in in another process, in pages of
1,000 rows, each report stored as it is read. The sides part in five estimated attempts, whose minutes are read, and in a key without a
meter; a run counts only if both are found to the last digit and nothing else is.`,
    `The run waits for one thing at a time, and what it computes is the time between these waits, in which the process does nothing else:
CPU of all threads of Node.js, so that the collection of garbage counts and other work on the machine does not. What Node.js
spends on answers and pages, their JSON and the check of each row, is in the waits. The engine's threads merge what was stored for as
long as the process lives, and are on a line of their own. Memory is the largest resident size of the process less that of
a process that opens the same ledger and asks for the same sums, a day at a time, which has Node.js and the engine
in it and the answers to one question. The load average was ${text(about.load)}: times on the wall grow with what
it is above 1.`,
  ].join('\n\n');
}

function text(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}
