import { loadavg } from 'node:os';
import { circumstances, writeBenchmarks } from './benchmarks-doc.ts';
import { benchGate, type GateBench } from './gate-bench.ts';
import { gateSection } from './gate-section.ts';
import type { BenchRun, ShowProgress } from './run.ts';

/** The gate in Redis, and what else is done to four counters beside it. Writes its section of docs/benchmarks.md. */
export async function runGate(showProgress: ShowProgress): Promise<BenchRun> {
  const result = await benchGate(showProgress);
  const when = { measured: circumstances(Date.now()), load: loadavg()[0] ?? 0 };
  writeBenchmarks('gate', gateSection(result, when));
  return { result, readable: readable(result), exitCode: 0 };
}

function readable({ peers, ...own }: GateBench): string {
  const others = Object.entries(peers).flatMap(([name, numbers]) =>
    Object.entries(numbers).map(([what, value]) => [`${name}.${what}`, value] as const),
  );
  return [...Object.entries(own), ...others].map(([name, value]) => `${name.padEnd(40)} ${value}\n`).join('');
}
