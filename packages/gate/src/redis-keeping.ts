import { type Logger, TallygateError } from '@tallygate/usage';
import type { Redis } from 'ioredis';

/** What a Redis does with what it was told. Counters that are evicted, or gone with a crash, are a free budget until rebuilt. */
export interface RedisKeeping {
  /** `maxmemory-policy`; null where the server does not show it. */
  policy: string | null;
  /** What outlives a crash: its append-only file, a replica, or nothing that is up to date. Null where it does not say. */
  survives: 'file' | 'replica' | 'nothing' | null;
}

export interface KeepingDemands {
  server: string;
  logger: Logger;
  /** Budgets are enforced: refuse, where otherwise a warning will do. */
  isEnforced: boolean;
  /** The operator answers for what the server does not show. */
  isAttested: boolean;
}

export async function readKeeping(client: Redis): Promise<RedisKeeping> {
  const facts = await readFacts(client);
  return { policy: facts.get('maxmemory_policy') ?? (await readPolicy(client)), survives: survivesBy(facts) };
}

/** Counters expire, so that the volatile policies evict them as well. Nobody can attest what the server itself denies. */
export function requireNoEviction({ policy }: RedisKeeping, server: string): void {
  if (policy === null || policy === 'noeviction') return;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Redis at ${server} evicts keys when its memory is full (maxmemory-policy is "${policy}"): an evicted counter would be a free budget.`,
    cure: 'Set maxmemory-policy to noeviction there, or use a Redis of its own for budgets.',
  });
}

/** @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` where budgets are enforced and nobody answers for what is lacking. */
export function requireKeeping(keeping: RedisKeeping, demands: KeepingDemands): void {
  const lacking = lackingIn(keeping);
  if (lacking === null || demands.isAttested) return;
  const { server, logger } = demands;
  if (!demands.isEnforced) {
    logger.warn(`Redis ${lacking}.`, { server });
    return;
  }
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Redis at ${server} ${lacking}, and budgets are enforced.`,
    cure: 'Set "appendonly yes" and "maxmemory-policy noeviction" there, or, where the service sees to both in its own way, TALLYGATE_REDIS_ATTESTED=yes.',
  });
}

/** What an enforced budget lacks there, as the end of a sentence; null for nothing. */
export function lackingIn({ policy, survives }: RedisKeeping): string | null {
  if (policy === null) return 'does not show whether it evicts keys';
  if (survives === null) return 'does not show whether counters outlive a crash';
  if (survives === 'nothing')
    return 'has neither an append-only file nor a replica: counters end with a crash';
  return null;
}

/** INFO, because managed services answer it where they refuse CONFIG. */
async function readFacts(client: Redis): Promise<Map<string, string>> {
  const text = await client.info().catch(() => '');
  const lines = text.split('\r\n').map((line) => line.split(':', 2));
  return new Map(lines.flatMap(([name, value]) => (name && value !== undefined ? [[name, value]] : [])));
}

async function readPolicy(client: Redis): Promise<string | null> {
  const [, policy = null] = (await client.config('GET', 'maxmemory-policy').catch(() => [])) as (
    | string
    | null
  )[];
  return policy;
}

function survivesBy(facts: ReadonlyMap<string, string>): RedisKeeping['survives'] {
  const [file, replicas] = [facts.get('aof_enabled'), facts.get('connected_slaves')];
  if (file === '1') return 'file';
  if (Number(replicas) > 0) return 'replica';
  return file === undefined || replicas === undefined ? null : 'nothing';
}
