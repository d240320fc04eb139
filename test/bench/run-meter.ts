import { readFileSync } from 'node:fs';
import { circumstances, writeBenchmarks } from './benchmarks-doc.ts';
import { benchMeter } from './meter-bench.ts';
import { type MeterComparison, meterSection } from './meter-section.ts';
import { benchPeers, exactOf, type PeerBench } from './peers/bench-peers.ts';
import { EXCHANGES } from './peers/exchanges.ts';
import { ourVerdicts } from './peers/ours.ts';
import type { BenchRun, ShowProgress } from './run.ts';

/**
 * The meter, and others beside it. Writes docs/benchmarks.md when the others were measured, too. Exit code 4 when they could
 * not be, 3 when the meter does not price all ten exchanges exactly.
 */
export async function runMeter(showProgress: ShowProgress): Promise<BenchRun> {
  // Measured first: what ran before in a process shapes how fast it runs.
  const numbers = await benchMeter(showProgress);
  const verdicts = await ourVerdicts();
  const own = { ...numbers, exactOfTen: exactOf(verdicts), verdicts };
  const peers = await measuredPeers(showProgress);
  if (peers)
    writeBenchmarks('meter', meterSection({ ...own, peers }, ownVersion(), circumstances(Date.now())));
  const result = { ...own, peers };
  const failed = own.exactOfTen < EXCHANGES.length ? 3 : 0;
  return { result, readable: readable(result), exitCode: failed || (peers ? 0 : 4) };
}

/** The meter's own numbers are worth having without a registry, so its absence ends nothing; it is never a zero either. */
async function measuredPeers(showProgress: ShowProgress): Promise<PeerBench[] | null> {
  try {
    return await benchPeers(showProgress);
  } catch (error) {
    process.stderr.write(
      `\nThe peers were not measured. ${error instanceof Error ? error.message : error}\n`,
    );
    return null;
  }
}

function ownVersion(): string {
  const manifest = new URL('../../packages/tallygate/package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function readable({ verdicts: _each, peers, ...scalars }: MeterComparison): string {
  const lines = Object.entries(scalars).map(([name, value]) => `${name.padEnd(28)} ${value}`);
  const rows = (peers ?? []).map(
    ({ name, version, streamCpuRatio, exactOfTen }) =>
      `${`${name} ${version}`.padEnd(56)} ${`${streamCpuRatio}`.padStart(6)} ${exactOfTen}`,
  );
  const head = peers ? `\n${'peers'.padEnd(56)} ${'CPU'.padStart(6)} exact of ten` : '\npeers: not measured';
  return `${[...lines, head, ...rows].join('\n')}\n`;
}
