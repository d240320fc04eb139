import { CHUNKS } from './made-answers.ts';
import { cpuMicrosOf, medianRatio, repeat } from './measure.ts';
import { bareCalls, type Calls, meteredCalls } from './meter-rig.ts';
import { withStreamServer } from './stream-server.ts';

/** What the meter costs, as ratios and differences within one run: absolute times would only describe the machine. */
export interface MeterBench {
  chunksPerStream: number;
  /** CPU of a stream with the meter ÷ without. */
  streamCpuRatio: number;
  /** The same stream without ÷ without: how far noise alone moves the ratio. */
  bareAgainRatio: number;
  /** CPU that the meter adds to a `create`, in-process gate and four budgets included; settling behind the caller's back, too. */
  createAddedMicros: number;
  heapGrowthMbPer100kStreams: number;
  /** As `streamCpuRatio`, of the client's process, when the bytes come over a socket: what a real answer costs before anybody meters. */
  streamCpuRatioOverHttp: number;
}

interface Plan {
  kind: keyof Calls;
  rounds: number;
  callsPerRound: number;
  /** A service makes calls all day: what runs once for each must have been compiled before anything is measured. */
  warmUpCalls: number;
}

const CREATES: Plan = { kind: 'create', rounds: 31, callsPerRound: 300, warmUpCalls: 9_000 };
const STREAMS: Plan = { kind: 'stream', rounds: 31, callsPerRound: 60, warmUpCalls: 1_800 };
const STREAMS_OVER_HTTP: Plan = { kind: 'stream', rounds: 15, callsPerRound: 20, warmUpCalls: 300 };
const HEAP_STREAMS = 20_000;

export async function benchMeter(
  onProgress: (done: number, total: number, what: string) => void,
): Promise<MeterBench> {
  const metered = meteredCalls();
  const contestants = { bare: bareCalls(), metered, again: bareCalls() };
  const creates = await cpuByRound(contestants, CREATES, onProgress);
  const streams = await cpuByRound(contestants, STREAMS, onProgress);
  const heapGrowthMbPer100kStreams = await heapGrowth(metered.stream, onProgress);
  await metered.close();
  const streamCpuRatioOverHttp = await withStreamServer((baseURL) => ratioOverHttp(baseURL, onProgress));
  return {
    chunksPerStream: CHUNKS.length,
    streamCpuRatio: medianRatio(streams.metered, streams.bare),
    bareAgainRatio: medianRatio(streams.again, streams.bare),
    createAddedMicros: rounded(
      median(creates.metered.map((micros, round) => micros - (creates.bare[round] ?? Number.NaN))),
    ),
    heapGrowthMbPer100kStreams,
    streamCpuRatioOverHttp,
  };
}

async function ratioOverHttp(
  baseURL: string,
  onProgress: (done: number, total: number, what: string) => void,
): Promise<number> {
  const metered = meteredCalls(baseURL);
  const contestants = { bare: bareCalls(baseURL), metered, again: bareCalls(baseURL) };
  const streams = await cpuByRound(contestants, STREAMS_OVER_HTTP, onProgress);
  await metered.close();
  return medianRatio(streams.metered, streams.bare);
}

type Contestant = 'bare' | 'metered' | 'again';

/** Microseconds of CPU for one call, per contestant and round. Each round begins with another one: to be first or last is no merit. */
async function cpuByRound(
  contestants: Record<Contestant, Calls>,
  { kind, rounds, callsPerRound, warmUpCalls }: Plan,
  onProgress: (done: number, total: number, what: string) => void,
): Promise<Record<Contestant, number[]>> {
  const names: Contestant[] = ['bare', 'metered', 'again'];
  const micros: Record<Contestant, number[]> = { bare: [], metered: [], again: [] };
  for (const name of names) await repeat(warmUpCalls, contestants[name][kind]);
  for (let round = 0; round < rounds; round += 1) {
    for (const [place] of names.entries()) {
      const name = names[(round + place) % names.length] ?? 'bare';
      const total = await cpuMicrosOf(() => repeat(callsPerRound, contestants[name][kind]));
      micros[name].push(total / callsPerRound);
    }
    onProgress(round + 1, rounds, `rounds (${kind})`);
  }
  return micros;
}

async function heapGrowth(
  stream: () => Promise<void>,
  onProgress: (done: number, total: number, what: string) => void,
): Promise<number> {
  const beforeBytes = heapBytes();
  for (let done = 0; done < HEAP_STREAMS; done += 1_000) {
    await repeat(1_000, stream);
    onProgress(done + 1_000, HEAP_STREAMS, 'streams for the heap');
  }
  return rounded(((heapBytes() - beforeBytes) / 2 ** 20) * (100_000 / HEAP_STREAMS));
}

function heapBytes(): number {
  if (!globalThis.gc) throw new Error('Run with node --expose-gc: npm run bench does.');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
