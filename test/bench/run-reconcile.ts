import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, writeBenchmarks } from './benchmarks-doc.ts';
import { forkPart } from './fork-part.ts';
import { ROWS } from './reconcile-month.ts';
import type { ReconcileRun } from './reconcile-run.ts';
import { reconcileSection } from './reconcile-section.ts';
import type { BenchRun, ShowProgress } from './run.ts';
import { withServer } from './stream-server.ts';

const MAIN = new URL('./reconcile-part-main.ts', import.meta.url);
const PROVIDER = new URL('./reconcile-provider-main.ts', import.meta.url);

/**
 * A month of 1,000 keys and 10 models, 10,000,000 rows in the embedded engine, against the provider's reports of it.
 *
 * `--data` is where the ledger is kept between runs (a folder of the system's temporary one): an interrupted run goes on there.
 * Ends with 1 where what was found is not what was put in.
 */
export async function runReconcile(showProgress: ShowProgress, flags: string[]): Promise<BenchRun> {
  const { values } = parseArgs({ args: flags, options: { data: { type: 'string' } } });
  const directory = values.data ?? join(tmpdir(), `tallygate-bench-reconcile-${ROWS}`);
  await forkPart(MAIN, ['ledger', directory], showProgress);
  const run = await withServer(PROVIDER, (url) =>
    forkPart<ReconcileRun>(MAIN, ['run', directory, url], showProgress),
  );
  const { queries, isRight, ...times } = run.result;
  const engine = await forkPart(MAIN, ['engine', directory, JSON.stringify(queries)], showProgress);
  const measured = {
    ...times,
    peakMemoryMb: run.peakMemoryMb - engine.peakMemoryMb,
    engineMemoryMb: engine.peakMemoryMb,
  };
  const load = loadavg()[0] ?? 0;
  if (isRight)
    writeBenchmarks(
      'reconcile',
      reconcileSection(measured, { measured: circumstances(Date.now()), rows: ROWS, load }),
    );
  const lines = Object.entries({ ...measured, isRight }).map(
    ([name, value]) => `${name.padEnd(16)} ${value}\n`,
  );
  return { result: { ...measured, isRight }, readable: lines.join(''), exitCode: isRight ? 0 : 1 };
}
