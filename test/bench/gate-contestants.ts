import { openRedisGate } from '@tallygate/gate';
import {
  type BudgetGate,
  emptyConfiguration,
  nanoFromUsd,
  newAttemptId,
  type ReserveRequest,
  systemClock,
} from '@tallygate/usage';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';

/** Takes something from four counters before a call, gives back or charges after it. */
export interface Contestant {
  take(): Promise<() => Promise<unknown>>;
  close(): Promise<unknown>;
}

const TEAM = 'bench';
const FEATURE = 'bench';
const NAMES = ['all', 'team', 'feature', 'day'];
const ORGANIZATION = 'bench';

export async function ourGate(url: string): Promise<Contestant> {
  const gate = await openBenchGate(url);
  return {
    async take() {
      const reply = await gate.reserve(benchRequest());
      if (reply.kind !== 'held') throw new Error(`A budget without an end answered "${reply.kind}".`);
      return () => gate.settle({ hold: reply.hold, amountNanoUsd: 1_234_567n });
    },
    close: () => gate.close(),
  };
}

/** `rate-limiter-flexible`: `consume` on four limiters, `reward` on the same. Each is atomic for itself, the four are not. */
export function rateLimiterFlexible(url: string): Contestant {
  const storeClient = connect(url);
  const limiters = NAMES.map(
    (keyPrefix) => new RateLimiterRedis({ storeClient, keyPrefix, points: 1e12, duration: 3_600 }),
  );
  return {
    async take() {
      await Promise.all(limiters.map((limiter) => limiter.consume(ORGANIZATION, 2)));
      return () => Promise.all(limiters.map((limiter) => limiter.reward(ORGANIZATION, 1)));
    },
    close: () => storeClient.quit(),
  };
}

/** What most write by hand: four INCRBY before, four after; no limit, no expiry, no record of who holds what. */
export function plainIncrby(url: string): Contestant {
  const redis = connect(url);
  const add = (amount: number) => Promise.all(NAMES.map((name) => redis.incrby(`plain:${name}`, amount)));
  return {
    async take() {
      await add(2);
      return () => add(-1);
    },
    close: () => redis.quit(),
  };
}

/** The shortest question that Redis answers, by the same client. */
export function ping(url: string): Contestant {
  const redis = connect(url);
  return {
    async take() {
      await redis.ping();
      return () => Promise.resolve();
    },
    close: () => redis.quit(),
  };
}

/** Connected with what a busy client is advised to use. */
function connect(url: string): Redis {
  return new Redis(url, { enableAutoPipelining: true });
}

async function openBenchGate(url: string): Promise<BudgetGate> {
  const gate = await openRedisGate({
    url,
    organization: ORGANIZATION,
    clock: systemClock,
    // What is measured is the work, not what a busy machine does to a deadline.
    reserveDeadlineMs: 5_000,
    settleDeadlineMs: 5_000,
  });
  await gate.publish({ ...emptyConfiguration(ORGANIZATION), version: 1, budgets: BUDGETS });
  return gate;
}

function benchRequest(): ReserveRequest {
  return {
    attemptId: newAttemptId(),
    attribution: ATTRIBUTION,
    models: ['claude-sonnet-5'],
    expectedNanoUsd: 12_345_678n,
    worstNanoUsd: 98_765_432n,
    ttlMs: 600_000,
    configVersion: 1,
    enforce: true,
  };
}

const ATTRIBUTION = {
  team: TEAM,
  feature: FEATURE,
  environment: 'bench',
  userPseudonym: null,
  workflow: null,
  taskType: null,
  tags: {},
};

const budget = (id: string, scope: { team?: string; feature?: string }, period: 'day' | 'month') => ({
  id,
  scope,
  period,
  timeZone: 'UTC',
  limit: nanoFromUsd('1000000000'),
  onOutage: 'block' as const,
});

const BUDGETS = [
  budget('all', {}, 'month'),
  budget('team', { team: TEAM }, 'month'),
  budget('feature', { team: TEAM, feature: FEATURE }, 'month'),
  budget('day', { team: TEAM }, 'day'),
];
