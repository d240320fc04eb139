import { lackingIn, type RedisKeeping } from '@tallygate/gate';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { attempt, type Check, fail, ok, warn } from './check.ts';
import { checkNeighbours } from './check-neighbours.ts';
import type { CliContext } from './context.ts';

const SURVIVES = {
  file: 'its append-only file',
  replica: 'a replica',
  nothing: 'nothing',
  unknown: 'what it does not say',
};

/** Whether counters can vanish from the Redis that budgets are in, and who says so; and whether somebody counts beside them. */
export async function checkRedis(context: CliContext, config: ResolvedConfig): Promise<Check[]> {
  const { redisUrl } = config;
  if (redisUrl === null) return [];
  const inspected = await attempt('redis', () => context.inspectRedis(redisUrl));
  if ('failed' in inspected) return [inspected.failed];
  const { keeping, gates } = inspected.value;
  return [checkKeeping(keeping, config), ...checkNeighbours(gates, config)];
}

function checkKeeping(keeping: readonly RedisKeeping[], { redisAttested, mode }: ResolvedConfig): Check {
  const lacking = keeping.map(lackingIn).find((found) => found !== null);
  if (lacking === undefined) return ok('redis', keeping.map(describeKeeping).join('; '));
  if (redisAttested === 'yes') return ok('redis', `${lacking}; attested by TALLYGATE_REDIS_ATTESTED`);
  const cure =
    'Set "appendonly yes" and "maxmemory-policy noeviction" there, or TALLYGATE_REDIS_ATTESTED=yes where the service sees to both.';
  return mode === 'enforce' ? fail('redis', lacking, cure) : warn('redis', lacking, cure);
}

function describeKeeping({ survives }: RedisKeeping): string {
  return `never evicts; after a crash there is ${SURVIVES[survives ?? 'unknown']}`;
}
