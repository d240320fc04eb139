import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { installPeers, pinnedVersions } from './install-peers.ts';
import type { Verdict } from './judge.ts';
import type { Peer } from './peer.ts';
import type { PeerReport } from './peer-main.ts';
import { PEERS } from './peers.ts';

/** A wrapper or instrumentation of others, measured like the meter. */
export interface PeerBench extends PeerReport {
  name: string;
  version: string;
  /** Of the ten exchanges, how many it prices exactly. */
  exactOfTen: number;
}

const MAIN = fileURLToPath(new URL('./peer-main.ts', import.meta.url));

/** One after the other, each in a process without our environment. */
export async function benchPeers(
  onProgress: (done: number, total: number, what: string) => void,
): Promise<PeerBench[]> {
  const folder = installPeers();
  const versions = pinnedVersions();
  const measured: PeerBench[] = [];
  for (const peer of PEERS) {
    onProgress(measured.length, PEERS.length, `peers: ${peer.name}`);
    const report = await runPeer(peer, folder);
    const version = versions[peer.name] ?? 'unknown';
    measured.push({ name: peer.name, version, exactOfTen: exactOf(report.verdicts), ...report });
  }
  return measured;
}

export function exactOf(verdicts: readonly Verdict[]): number {
  return verdicts.filter((verdict) => verdict.exact).length;
}

/** What a peer prints is its own affair: stdout belongs to the result. */
async function runPeer(peer: Peer, folder: string): Promise<PeerReport> {
  const child = fork(MAIN, [peer.name, folder], {
    env: peer.environment,
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr?.on('data', (text) => {
    complaints += text;
  });
  let report: PeerReport | null = null;
  child.on('message', (message) => {
    report = message as PeerReport;
  });
  const [code] = await once(child, 'close');
  if (!report)
    throw new Error(`${peer.name} could not be measured (exit ${code}): ${complaints.slice(-2_000)}`);
  return report;
}
