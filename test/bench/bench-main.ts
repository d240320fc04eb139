import type { BenchRun, ShowProgress } from './run.ts';
import { runGate } from './run-gate.ts';
import { runLedger } from './run-ledger.ts';
import { runMeter } from './run-meter.ts';
import { runReconcile } from './run-reconcile.ts';

const BENCHES: Record<string, (showProgress: ShowProgress, flags: string[]) => Promise<BenchRun>> = {
  gate: runGate,
  ledger: runLedger,
  meter: runMeter,
  reconcile: runReconcile,
};

/** `npm run --silent bench -- <name> [--json]`. Progress on a terminal's stderr; results on stdout and in docs/benchmarks.md. */
const [name = '', ...flags] = process.argv.slice(2);
const bench = BENCHES[name];
if (!bench) {
  process.stderr.write(`Name what to measure: npm run bench -- ${Object.keys(BENCHES).join(' | ')}\n`);
  process.exit(2);
}
const showProgress: ShowProgress = (done, total, what) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K  ${done}/${total} ${what}`);
};
const { result, readable, exitCode } = await bench(
  showProgress,
  flags.filter((flag) => flag !== '--json'),
);
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
process.stdout.write(flags.includes('--json') ? `${JSON.stringify(result)}\n` : readable);
process.exitCode = exitCode;
