import { openRedisGate } from '@tallygate/gate';
import {
  type Attribution,
  type Budget,
  type BudgetGate,
  emptyConfiguration,
  nanoFromUsd,
  newAttemptId,
  type ReserveRequest,
  systemClock,
} from '@tallygate/usage';
import { Redis } from 'ioredis';

export interface LeaseBench {
  /** Attempts a second of one process: an id made, admitted on four budgets, settled, the settlement's number in hand. */
  leasedAdmissionsPerSecond: number;
  /** Scripts that Redis ran for one of them. */
  leasedRoundTripsPerCall: number;
}

const ROUNDS = 5;
const CALLS_PER_ROUND = 200_000;
/** Callers at once, as a busy service has. Each waits for its number, so each asks again a thousand times a second. */
export const LEASED_IN_FLIGHT = 512;
const CALLS = (1 + ROUNDS) * CALLS_PER_ROUND + LEASED_IN_FLIGHT;
const ATTRIBUTION: Attribution = {
  team: 'support',
  feature: 'summary',
  environment: 'production',
  userPseudonym: null,
  workflow: null,
  taskType: null,
  tags: {},
};
const COST_NANO_USD = 10_000_000n;

/** @param url of a Redis that nobody else uses meanwhile. */
export async function benchLeases(url: string): Promise<LeaseBench> {
  const redis = new Redis(url);
  const gate = await openLeased(url);
  try {
    const scriptsBefore = await scriptsRun(redis);
    const [, ...perSecond] = await ratesOf(() => settleOne(gate));
    const scripts = (await scriptsRun(redis)) - scriptsBefore;
    return {
      leasedAdmissionsPerSecond: Math.round(perSecond.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN),
      leasedRoundTripsPerCall: Math.round((scripts / CALLS) * 1e6) / 1e6,
    };
  } finally {
    await gate.close();
    await redis.quit();
  }
}

async function openLeased(url: string): Promise<BudgetGate> {
  const organization = `bench-${newAttemptId()}`;
  const gate = await openRedisGate({
    url,
    organization,
    clock: systemClock,
    reserveDeadlineMs: 5_000,
    settleDeadlineMs: 30_000,
    leases: { ttlMs: 1_000 },
  });
  const budgetOf = (id: string, parts: Partial<Budget>): Budget => ({
    id,
    scope: {},
    period: 'month',
    timeZone: 'UTC',
    limit: nanoFromUsd('1000000000'),
    onOutage: 'block',
    ...parts,
  });
  const budgets = [
    budgetOf('all', {}),
    budgetOf('team', { scope: { team: 'support' } }),
    budgetOf('feature', { scope: { team: 'support', feature: 'summary' }, period: 'day' }),
    budgetOf('environment', { scope: { environment: 'production' }, period: 'day' }),
  ];
  await gate.publish({ ...emptyConfiguration(organization), version: 1, budgets });
  return gate;
}

/**
 * @returns how many a second, of the warm-up and of each round. All are one run, in which the callers ask on and on: the last calls
 *   would wait for the time that a batch is gathered in, because nobody asks behind them.
 */
async function ratesOf(callOnce: () => Promise<void>): Promise<number[]> {
  const rates: number[] = [];
  let [begun, ended, sinceMs] = [0, 0, performance.now()];
  const caller = async () => {
    for (; begun < CALLS; ) {
      begun += 1;
      await callOnce();
      ended += 1;
      if (ended % CALLS_PER_ROUND !== 0) continue;
      const beforeMs = sinceMs;
      sinceMs = performance.now();
      rates.push((CALLS_PER_ROUND / (sinceMs - beforeMs)) * 1_000);
    }
  };
  await Promise.all(Array.from({ length: LEASED_IN_FLIGHT }, caller));
  return rates;
}

async function settleOne(gate: BudgetGate): Promise<void> {
  const request: ReserveRequest = {
    attemptId: newAttemptId(),
    attribution: ATTRIBUTION,
    models: ['claude-sonnet-5'],
    expectedNanoUsd: COST_NANO_USD,
    worstNanoUsd: 2n * COST_NANO_USD,
    ttlMs: 60_000,
    configVersion: 1,
    enforce: true,
  };
  const reply = await gate.reserve(request);
  if (reply.kind !== 'held') throw new Error(`The gate answered ${reply.kind} where the amount fits.`);
  await gate.settle({ hold: reply.hold, amountNanoUsd: COST_NANO_USD });
}

async function scriptsRun(redis: Redis): Promise<number> {
  const stats = await redis.info('commandstats');
  const calls = [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)];
  return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}
