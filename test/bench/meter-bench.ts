import { cpuMicrosOf, medianRatio, repeat } from './measure.ts';
import { bareCalls, type Calls, CHUNKS_PER_STREAM, meteredCalls } from './meter-rig.ts';

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
}

const ROUNDS = 31;
/** A service makes calls all day: what runs once for each must have been compiled before anything is measured. */
const WARM_UP_ROUNDS = 30;
const STREAMS_PER_ROUND = 60;
const CREATES_PER_ROUND = 300;
const HEAP_STREAMS = 20_000;

export async function benchMeter(
  onProgress: (done: number, total: number, what: string) => void,
): Promise<MeterBench> {
  const metered = meteredCalls();
  const contestants = { bare: bareCalls(), metered, again: bareCalls() };
  const creates = await cpuByRound(contestants, 'create', CREATES_PER_ROUND, onProgress);
  const streams = await cpuByRound(contestants, 'stream', STREAMS_PER_ROUND, onProgress);
  const heapGrowthMbPer100kStreams = await heapGrowth(metered.stream, onProgress);
  await metered.close();
  return {
    chunksPerStream: CHUNKS_PER_STREAM,
    streamCpuRatio: medianRatio(streams.metered, streams.bare),
    bareAgainRatio: medianRatio(streams.again, streams.bare),
    createAddedMicros: rounded(
      median(creates.metered.map((micros, round) => micros - (creates.bare[round] ?? Number.NaN))),
    ),
    heapGrowthMbPer100kStreams,
  };
}

type Contestant = 'bare' | 'metered' | 'again';

/** Microseconds of CPU for one call, per contestant and round. Each round begins with another one: to be first or last is no merit. */
async function cpuByRound(
  contestants: Record<Contestant, Calls>,
  kind: keyof Calls,
  callsPerRound: number,
  onProgress: (done: number, total: number, what: string) => void,
): Promise<Record<Contestant, number[]>> {
  const names: Contestant[] = ['bare', 'metered', 'again'];
  const micros: Record<Contestant, number[]> = { bare: [], metered: [], again: [] };
  for (const name of names) await repeat(callsPerRound * WARM_UP_ROUNDS, contestants[name][kind]);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [place] of names.entries()) {
      const name = names[(round + place) % names.length] ?? 'bare';
      const total = await cpuMicrosOf(() => repeat(callsPerRound, contestants[name][kind]));
      micros[name].push(total / callsPerRound);
    }
    onProgress(round + 1, ROUNDS, `rounds (${kind})`);
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
