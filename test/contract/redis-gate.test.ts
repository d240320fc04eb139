import { openRedisGateAt } from '@tallygate/gate/testing';
import { Redis } from 'ioredis';
import { afterEach, inject } from 'vitest';
import { describeBudgetGate } from './budget-gate.contract.ts';
import { describeGateModel } from './budget-gate.model.ts';
import { BUCKET_MS, type OpenGate, RECORD_GRACE_MS, START_MS } from './gate-fixtures.ts';

/**
 * The scripts as they are, but for the server's clock, which the test moves. The caller's clock differs from it by up to 1.5 s
 * either way, as clocks do.
 */
const url = inject('redisUrl');
const cleanUps: (() => Promise<unknown>)[] = [];

const openGate: OpenGate = async (organization, { startMs = START_MS, configuration, seed }) => {
  const redis = new Redis(url);
  const timeKey = `test-time:${organization}`;
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
  cleanUps.push(
    () => gate.close(),
    () => redis.quit(),
  );
  return { gate, organization, nowMs: () => nowMs, advanceMs };
};

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

describeBudgetGate('gate in Redis', openGate);
describeGateModel('gate in Redis', openGate, { runs: 30, operations: 80 });
