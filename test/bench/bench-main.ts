import { readFileSync } from 'node:fs';
import { circumstances, writeBenchmarks } from './benchmarks-doc.ts';
import { benchMeter } from './meter-bench.ts';
import { type MeterComparison, meterSection } from './meter-section.ts';
import { benchPeers, exactOf, type PeerBench } from './peers/bench-peers.ts';
import { EXCHANGES } from './peers/exchanges.ts';
import { ourVerdicts } from './peers/ours.ts';

/**
 * `npm run --silent bench -- meter [--json]`. Progress on a terminal's stderr; results on stdout, and in docs/benchmarks.md
 * when the peers were measured, too. Exit 4 when they could not be, 3 when the meter does not price all ten exactly.
 */
const [subject, ...flags] = process.argv.slice(2);
if (subject !== 'meter') {
  process.stderr.write('Name what to measure: npm run bench -- meter\n');
  process.exit(2);
}
// Measured first: what ran before in a process shapes how fast it runs.
const numbers = await benchMeter(showProgress);
const verdicts = await ourVerdicts();
const peers = await measuredPeers();
const own = { ...numbers, exactOfTen: exactOf(verdicts), verdicts };
const result: MeterComparison = { ...own, peers };
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
if (peers) writeBenchmarks('meter', meterSection({ ...own, peers }, ownVersion(), circumstances(Date.now())));
process.stdout.write(flags.includes('--json') ? `${JSON.stringify(result)}\n` : readable(result));
if (result.exactOfTen < EXCHANGES.length) process.exitCode = 3;

function showProgress(done: number, total: number, what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K  ${done}/${total} ${what}`);
}

/** The meter's own numbers are worth having without a registry, so its absence ends nothing; it is never a zero either. */
async function measuredPeers(): Promise<PeerBench[] | null> {
  try {
    return await benchPeers(showProgress);
  } catch (error) {
    process.stderr.write(
      `\nThe peers were not measured. ${error instanceof Error ? error.message : error}\n`,
    );
    process.exitCode = 4;
    return null;
  }
}

function ownVersion(): string {
  const manifest = new URL('../../packages/tallygate/package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function readable({ verdicts: _each, peers: others, ...scalars }: MeterComparison): string {
  const lines = Object.entries(scalars).map(([name, value]) => `${name.padEnd(28)} ${value}`);
  const rows = (others ?? []).map(
    (peer) =>
      `${`${peer.name} ${peer.version}`.padEnd(56)} ${`${peer.streamCpuRatio}`.padStart(6)} ${peer.exactOfTen}`,
  );
  const head = others ? `\n${'peers'.padEnd(56)} ${'CPU'.padStart(6)} exact of ten` : '\npeers: not measured';
  return `${[...lines, head, ...rows].join('\n')}\n`;
}
