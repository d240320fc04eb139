import { bareCalls, CHUNKS_PER_STREAM, meteredCalls } from './meter-rig.ts';

/** What the meter costs, as ratios and differences within one run: absolute times would only describe the machine. */
export interface MeterBench {
  chunksPerStream: number;
  /** CPU of a stream with the meter ÷ without. */
  streamCpuRatio: number;
  /** The same stream without ÷ without: how far noise alone moves the ratio. */
  bareAgainRatio: number;
  /** Wall time that the meter adds to a `create`, in-process gate and four budgets included. */
  createAddedMicros: number;
  heapGrowthMbPer100kStreams: number;
}

const ROUNDS = 31;
const STREAMS_PER_ROUND = 60;
const CREATES_PER_ROUND = 300;
const HEAP_STREAMS = 20_000;

export async function benchMeter(
  onProgress: (done: number, total: number, what: string) => void,
): Promise<MeterBench> {
  const bare = bareCalls();
  const metered = meteredCalls();
  await repeat(STREAMS_PER_ROUND * 5, bare.stream);
  await repeat(STREAMS_PER_ROUND * 5, metered.stream);
  const streams = { bare: [] as number[], metered: [] as number[], again: [] as number[] };
  const creates = { bare: [] as number[], metered: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    streams.bare.push(await cpuOf(() => repeat(STREAMS_PER_ROUND, bare.stream)));
    streams.metered.push(await cpuOf(() => repeat(STREAMS_PER_ROUND, metered.stream)));
    streams.again.push(await cpuOf(() => repeat(STREAMS_PER_ROUND, bare.stream)));
    creates.bare.push(await wallOf(() => repeat(CREATES_PER_ROUND, bare.create)));
    creates.metered.push(await wallOf(() => repeat(CREATES_PER_ROUND, metered.create)));
    onProgress(round + 1, ROUNDS, 'rounds');
  }
  const heapGrowthMbPer100kStreams = await heapGrowth(metered.stream, onProgress);
  await metered.close();
  return {
    chunksPerStream: CHUNKS_PER_STREAM,
    streamCpuRatio: ratio(streams.metered, streams.bare),
    bareAgainRatio: ratio(streams.again, streams.bare),
    createAddedMicros: rounded(
      (1_000 * (median(creates.metered) - median(creates.bare))) / CREATES_PER_ROUND,
    ),
    heapGrowthMbPer100kStreams,
  };
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

async function repeat(times: number, work: () => Promise<void>): Promise<void> {
  for (let index = 0; index < times; index += 1) await work();
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

async function wallOf(work: () => Promise<void>): Promise<number> {
  const beforeMs = performance.now();
  await work();
  return performance.now() - beforeMs;
}

function ratio(left: number[], right: number[]): number {
  return rounded(median(left.map((value, index) => value / (right[index] ?? Number.NaN))));
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
