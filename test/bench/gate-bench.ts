import { Redis } from 'ioredis';
import { withBenchRedis } from './bench-redis.ts';
import { type Contestant, ourGate, ping, plainIncrby, rateLimiterFlexible } from './gate-contestants.ts';
import { benchLeases, type LeaseBench } from './gate-leases.ts';
import type { ShowProgress } from './run.ts';

interface PeerNumbers {
  /** Four counters taken from and given back to. */
  pairsPerSecond: number;
  /** Of the taking alone, one at a time. */
  p50Micros: number;
}

/** What the gate in Redis costs at four budgets, beside what else is done to four counters, all on one server. */
export interface GateBench extends LeaseBench {
  pairsPerSecond: number;
  /** CPU of the server's main thread for a reserve and its settle, while they come as fast as one process sends them. */
  serverMicrosPerPair: number;
  reserveP50Micros: number;
  pingP50Micros: number;
  peers: { rateLimiterFlexible: PeerNumbers; plainIncrby: PeerNumbers };
}

const ROUNDS = 9;
const IN_FLIGHT = 64;
const PAIRS_PER_ROUND = 12_000;
const SERIAL_PER_ROUND = 400;

type Name = 'ours' | 'rateLimiterFlexible' | 'plainIncrby';

export function benchGate(showProgress: ShowProgress): Promise<GateBench> {
  return withBenchRedis(async (url) => {
    const redis = new Redis(url);
    const pinger = ping(url);
    const contestants: Record<Name, Contestant> = {
      ours: await ourGate(url),
      rateLimiterFlexible: rateLimiterFlexible(url),
      plainIncrby: plainIncrby(url),
    };
    try {
      return { ...(await measure(redis, pinger, contestants, showProgress)), ...(await benchLeases(url)) };
    } finally {
      await Promise.all([...Object.values(contestants), pinger].map((contestant) => contestant.close()));
      await redis.quit();
    }
  });
}

async function measure(
  redis: Redis,
  pinger: Contestant,
  contestants: Record<Name, Contestant>,
  showProgress: ShowProgress,
): Promise<Omit<GateBench, keyof LeaseBench>> {
  const names = Object.keys(contestants) as Name[];
  const perSecond: Record<Name, number[]> = { ours: [], rateLimiterFlexible: [], plainIncrby: [] };
  const micros: Record<Name | 'ping', number[]> = { ...structuredClone(perSecond), ping: [] };
  const serverMicros: number[] = [];
  for (const name of names) await pairs(contestants[name], PAIRS_PER_ROUND);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [place] of names.entries()) {
      const name = names[(round + place) % names.length] ?? 'ours';
      const cpuBefore = await serverCpuMicros(redis);
      perSecond[name].push(await pairs(contestants[name], PAIRS_PER_ROUND));
      if (name === 'ours') serverMicros.push(((await serverCpuMicros(redis)) - cpuBefore) / PAIRS_PER_ROUND);
    }
    for (let index = 0; index < SERIAL_PER_ROUND; index += 1) {
      micros.ping.push(await microsToTake(pinger));
      for (const name of names) micros[name].push(await microsToTake(contestants[name]));
    }
    showProgress(round + 1, ROUNDS, 'rounds');
  }
  const peer = (name: Name) => ({
    pairsPerSecond: Math.round(median(perSecond[name])),
    p50Micros: rounded(median(micros[name])),
  });
  return {
    pairsPerSecond: peer('ours').pairsPerSecond,
    serverMicrosPerPair: rounded(median(serverMicros)),
    reserveP50Micros: peer('ours').p50Micros,
    pingP50Micros: rounded(median(micros.ping)),
    peers: { rateLimiterFlexible: peer('rateLimiterFlexible'), plainIncrby: peer('plainIncrby') },
  };
}

/** @returns how many a second, with as many callers at once as a busy service has. */
async function pairs(contestant: Contestant, total: number): Promise<number> {
  const before = performance.now();
  let begun = 0;
  const caller = async () => {
    for (; begun < total; ) {
      begun += 1;
      const giveBack = await contestant.take();
      await giveBack();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return (total / (performance.now() - before)) * 1_000;
}

async function microsToTake(contestant: Contestant): Promise<number> {
  const before = performance.now();
  const giveBack = await contestant.take();
  const micros = (performance.now() - before) * 1_000;
  await giveBack();
  return micros;
}

/** Of the thread that runs commands: parsing, scripts and the log, not what syncs the log to disk beside it. */
async function serverCpuMicros(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const seconds = (field: string) => Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return (seconds('used_cpu_user_main_thread') + seconds('used_cpu_sys_main_thread')) * 1e6;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
