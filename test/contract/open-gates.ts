import { createMemoryGate } from '@tallygate/gate';
import { openRedisGateAt } from '@tallygate/gate/testing';
import { type Cluster, Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';
import { BUCKET_MS, type OpenGate, RECORD_GRACE_MS, START_MS } from './gate-fixtures.ts';

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

/** @param redis where the server's clock stands, in the slot of the organization. */
export async function openInRedisAt(
  url: string,
  redis: Redis | Cluster,
  ...[organization, { startMs = START_MS, configuration, seed }]: Parameters<OpenGate>
): ReturnType<OpenGate> {
  const timeKey = `test-time:{${organization}}`;
  let nowMs = startMs;
  let readings = 0;
  const noiseMs = () => ((readings++ * 617) % 3_001) - 1_500;
  const advanceMs = async (durationMs: number): Promise<void> => {
    nowMs += durationMs;
    await redis.set(timeKey, nowMs, 'PX', 600_000);
  };
  await advanceMs(0);
  const { lastSeq, totals } = seed ?? { lastSeq: 0, totals: [] };
  const gate = await openRedisGateAt(
    {
      url,
      organization,
      clock: { nowMs: () => nowMs + noiseMs(), monotonicMs: () => performance.now() },
      seed: async () => ({ lastSeq, totals, ...(configuration === undefined ? {} : { configuration }) }),
      // The machine of a test may be busy; deadlines have tests of their own.
      reserveDeadlineMs: 30_000,
      settleDeadlineMs: 30_000,
      bucketMs: BUCKET_MS,
      recordGraceMs: RECORD_GRACE_MS,
    },
    timeKey,
  );
  onTestFinished(async () => {
    await gate.close();
    await redis.quit();
  });
  return { gate, organization, nowMs: () => nowMs, advanceMs };
}
