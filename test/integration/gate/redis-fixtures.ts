import { type GateSeed, openRedisGate, type RedisGateOptions } from '@tallygate/gate';
import {
  type BudgetGate,
  type Hold,
  type NanoUsd,
  newAttemptId,
  type Settlement,
  systemClock,
} from '@tallygate/usage';
import { Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';

/** The Redis of this run. Nobody else uses the organizations of these tests, so that losing one is as good as a flush. */
export const redisUrl = inject('redisUrl');

export function connectDirectly(): Redis {
  const redis = new Redis(redisUrl);
  onTestFinished(async () => {
    await redis.quit();
  });
  return redis;
}

/** A gate with deadlines that a busy machine keeps; tests of deadlines set their own. */
export async function openGate(
  options: Partial<RedisGateOptions> & { organization: string },
): Promise<BudgetGate> {
  const gate = await openRedisGate({
    url: redisUrl,
    clock: systemClock,
    reserveDeadlineMs: 20_000,
    settleDeadlineMs: 20_000,
    ...options,
  });
  onTestFinished(() => gate.close());
  return gate;
}

export function newOrganization(): string {
  return `org-${newAttemptId()}`;
}

export async function keysOf(redis: Redis, organization: string): Promise<string[]> {
  return redis.keys(`tg4:{${organization}}:*`);
}

/** What FLUSHALL, an empty replica or a wrong database do to one organization. */
export async function loseEverything(redis: Redis, organization: string): Promise<void> {
  await redis.del(...(await keysOf(redis, organization)));
}

/** Everything of an organization, as a replica has it. */
export async function copyOf(redis: Redis, organization: string): Promise<Map<string, Buffer>> {
  const keys = await keysOf(redis, organization);
  const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  return new Map(keys.map((key, index) => [key, values[index] ?? Buffer.alloc(0)]));
}

/** What the promotion of a replica that is behind does: all that came after the copy is gone. */
export async function restore(
  redis: Redis,
  organization: string,
  copy: ReadonlyMap<string, Buffer>,
): Promise<void> {
  const forgetting = redis.multi().del(...(await keysOf(redis, organization)));
  for (const [key, value] of copy) forgetting.restore(key, key.endsWith(':state') ? 0 : 3_600_000, value);
  await forgetting.exec();
}

/** A ledger that keeps what it is given, and can be asked for what a seed is made of. */
export function createLedger() {
  const settlements: Settlement[] = [];
  const ledger = {
    asked: 0,
    isDown: false,
    configuration: undefined as GateSeed['configuration'],
    record: (settlement: Settlement): void => void settlements.push(settlement),
    seed: async (): Promise<GateSeed> => {
      ledger.asked += 1;
      if (ledger.isDown) throw new Error('the ledger is down');
      const { configuration } = ledger;
      return {
        lastSeq: Math.max(0, ...settlements.map(({ seq }) => seq)),
        totals: settlements.flatMap(({ entries }) => entries),
        ...(configuration === undefined ? {} : { configuration }),
      };
    },
  };
  return ledger;
}

/** Settles and hands the fact to the ledger, as an application does. */
export async function spend(
  gate: BudgetGate,
  ledger: ReturnType<typeof createLedger>,
  hold: Hold,
  amountNanoUsd: NanoUsd,
): Promise<Settlement> {
  const { settlement } = await gate.settle({ hold, amountNanoUsd });
  ledger.record(settlement);
  return settlement;
}
