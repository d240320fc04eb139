import { usdFromNano } from '@tallygate/usage';
import type { MeterBench } from './meter-bench.ts';
import type { PeerBench } from './peers/bench-peers.ts';
import { EXCHANGES, type Exchange } from './peers/exchanges.ts';
import type { Verdict } from './peers/judge.ts';

/** The meter's own numbers, and beside them what others cost and arrive at. */
export interface MeterComparison extends MeterBench {
  /** Of the ten exchanges, how many the meter prices exactly. */
  exactOfTen: number;
  /** What it made of each. */
  verdicts: Verdict[];
  /** Null where the peers could not be installed: nobody was measured, which is not the same as nobody there. */
  peers: PeerBench[] | null;
}

/** The page compares, so it needs somebody to compare with. */
type WithPeers = MeterComparison & { peers: PeerBench[] };

/** The section of docs/benchmarks.md. `measured` says when and where. */
export function meterSection(result: WithPeers, version: string, measured: string): string {
  return [
    '## The meter',
    `${measured} Again: \`npm run bench -- meter\`.`,
    numbers(result),
    WHAT_IS_MEASURED,
    '### Beside others',
    RULES,
    peerTable(result, version),
    '`✓` exact · `○` not from its figures, though its record holds a copy of the usage that the provider sent · `✗` neither',
    exchangeTable(),
  ].join('\n\n');
}

function numbers(result: MeterBench): string {
  return table(
    ['what', 'measured'],
    [
      [
        `CPU of a stream of ${result.chunksPerStream} chunks, with the meter ÷ without`,
        `${result.streamCpuRatio}`,
      ],
      ['the same stream, without ÷ without: the noise', `${result.bareAgainRatio}`],
      ['added to a `create`, gate and four budgets included, µs', `${result.createAddedMicros}`],
      ['heap growth per 100,000 streams, MB', `${result.heapGrowthMbPer100kStreams}`],
      ['the stream over HTTP on loopback, with the meter ÷ without', `${result.streamCpuRatioOverHttp}`],
    ],
  );
}

const WHAT_IS_MEASURED = `CPU is that of the whole process of the client, garbage collection and settling included. In the first three rows the chunks lie
in memory, so that next to nothing but the SDK and the meter runs; over HTTP a server in another process writes each event by
itself, and the client pays besides for what a real answer costs: sockets, HTTP and \`fetch\`.`;

const RULES = `Wrappers and instrumentations from npm that work with \`@anthropic-ai/sdk\` 1.11.0, each in a process of its own beside a bare
client: the same stream, interleaved, median of 31 rounds, flushing included, writing and sending not. The meter's ratio includes
its gate and its budgets.

An exchange counts as exact when the peer's figures give the provider's charge to the nano-USD: its money where it computes any,
else the token classes that it records at the list price of the model it names, cache writes of unknown lifetime as 5-minute
ones. Copies of the whole answer in a log are no figures, since whoever prices from them meters the answer again; a stream that
was left counts when the amount lies between what had been seen and what \`max_tokens\` allowed. OpenLIT computes with the same
list prices, handed to it in its own form; the meter must besides mark that one amount, and no other, as estimated.`;

function peerTable(result: WithPeers, version: string): string {
  const ours = { ...result, name: '**tallygate**', version };
  const rows = [ours, ...result.peers].map((peer) => [
    peer.name,
    peer.version,
    `${peer.streamCpuRatio}`,
    `${peer.bareAgainRatio}`,
    `${peer.exactOfTen}`,
    ...EXCHANGES.map((exchange) => markOf(peer.verdicts, exchange)),
  ]);
  return table(
    ['', 'version', 'CPU', 'noise', 'exact', ...EXCHANGES.map((_, index) => `${index + 1}`)],
    rows,
  );
}

function markOf(verdicts: readonly Verdict[], exchange: Exchange): string {
  const verdict = verdicts.find((candidate) => candidate.exchange === exchange.name);
  if (verdict?.exact) return '✓';
  return verdict?.keepsUsage ? '○' : '✗';
}

function exchangeTable(): string {
  const rows = EXCHANGES.map(({ title, truth }, index) => [`${index + 1}`, title, truthOf(truth)]);
  return table(['', 'exchange (made up, in the shapes that the provider documents)', 'charge'], rows);
}

function truthOf(truth: Exchange['truth']): string {
  if ('nanoUsd' in truth) return `$${usdFromNano(truth.nanoUsd)}`;
  return `$${usdFromNano(truth.atLeastNanoUsd)} … $${usdFromNano(truth.atMostNanoUsd)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
