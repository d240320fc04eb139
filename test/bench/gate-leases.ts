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
const IN_FLIGHT = 512;
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
    await settleMany(gate, CALLS_PER_ROUND);
    const scriptsBefore = await scriptsRun(redis);
    const perSecond: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) perSecond.push(await settleMany(gate, CALLS_PER_ROUND));
    const scripts = (await scriptsRun(redis)) - scriptsBefore;
    return {
      leasedAdmissionsPerSecond: Math.round(perSecond.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN),
      leasedRoundTripsPerCall: Math.round((scripts / (ROUNDS * CALLS_PER_ROUND)) * 1e6) / 1e6,
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

/** @returns how many attempts a second were admitted and settled. */
async function settleMany(gate: BudgetGate, calls: number): Promise<number> {
  const before = performance.now();
  let begun = 0;
  const caller = async () => {
    for (; begun < calls; begun += 1) await settleOne(gate);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return (calls / (performance.now() - before)) * 1_000;
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
