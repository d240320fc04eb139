import { createMemoryGate, type LeaseOptions } from '@tallygate/gate';
import { openRedisGateAt } from '@tallygate/gate/testing';
import { type Cluster, Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';
import { BUCKET_MS, type GateConditions, type OpenGate, RECORD_GRACE_MS, START_MS } from './gate-fixtures.ts';

/** How the contract opens each gate of ours. */
export const openInMemory: OpenGate = async (organization, { startMs = START_MS, ...conditions }) => {
  let nowMs = startMs;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const bounds = { bucketMs: BUCKET_MS, recordGraceMs: RECORD_GRACE_MS };
  return {
    gate: createMemoryGate({ organization, clock, ...bounds, ...conditions }),
    organization,
    nowMs: () => nowMs,
    advanceMs: async (durationMs) => {
      nowMs += durationMs;
    },
  };
};

/**
 * The scripts as they are, but for the server's clock, which the test moves. The caller's clock differs from it by up to 1.5 s
 * either way, as clocks do.
 */
export const openInRedis: OpenGate = (organization, conditions) => {
  const url = inject('redisUrl');
  return openInRedisAt(url, new Redis(url), organization, conditions);
};

/** The same with leases from the first call on, whose deadlines go by the time of the test. */
export const openWithLeases: OpenGate = (organization, conditions) => {
  const url = inject('redisUrl');
  const leases = { ttlMs: 1_000, fromCalls: 0 };
  return openInRedisAt(url, new Redis(url), organization, { ...conditions, leases });
};

/** @param redis where the server's clock stands, in the slot of the organization. */
export async function openInRedisAt(
  url: string,
  redis: Redis | Cluster,
  organization: string,
  {
    startMs = START_MS,
    configuration,
    seed,
    recordGraceMs,
    leases,
  }: GateConditions & { leases?: LeaseOptions },
): ReturnType<OpenGate> {
  const timeKey = `test-time:{${organization}}`;
  let nowMs = startMs;
  let passedMs = 0;
  let readings = 0;
  const noiseMs = () => ((readings++ * 617) % 3_001) - 1_500;
  const advanceMs = async (durationMs: number): Promise<void> => {
    nowMs += durationMs;
    passedMs += Math.max(0, durationMs);
    await redis.set(timeKey, nowMs, 'PX', 600_000);
  };
  await advanceMs(0);
  const known = seed ?? { lastSeq: 0, totals: [] };
  const gate = await openRedisGateAt(
    {
      url,
      organization,
      clock: { nowMs: () => nowMs + noiseMs(), monotonicMs: () => passedMs },
      seed: async () => ({ ...known, ...(configuration === undefined ? {} : { configuration }) }),
      // The machine of a test may be busy; deadlines have tests of their own.
      reserveDeadlineMs: 30_000,
      settleDeadlineMs: 30_000,
      bucketMs: BUCKET_MS,
      recordGraceMs: recordGraceMs ?? RECORD_GRACE_MS,
      ...(leases === undefined ? {} : { leases }),
    },
    timeKey,
  );
  onTestFinished(async () => {
    await gate.close();
    await redis.quit();
  });
  return { gate, organization, nowMs: () => nowMs, advanceMs };
}
