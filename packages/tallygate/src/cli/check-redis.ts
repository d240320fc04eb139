import { lackingIn, type RedisKeeping } from '@tallygate/gate';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import { attempt, type Check, fail, ok, warn } from './check.ts';
import type { CliContext } from './context.ts';

const SURVIVES = {
  file: 'its append-only file',
  replica: 'a replica',
  nothing: 'nothing',
  unknown: 'what it does not say',
};

/** Whether counters can vanish from the Redis that budgets are in, and who says so. */
export async function checkRedis(
  context: CliContext,
  { redisUrl, redisAttested, mode }: ResolvedConfig,
): Promise<Check[]> {
  if (redisUrl === null) return [];
  const inspected = await attempt('redis', () => context.inspectRedis(redisUrl));
  if ('failed' in inspected) return [inspected.failed];
  const lacking = inspected.value.map(lackingIn).find((found) => found !== null);
  if (lacking === undefined) return [ok('redis', inspected.value.map(describeKeeping).join('; '))];
  if (redisAttested === 'yes') return [ok('redis', `${lacking}; attested by TALLYGATE_REDIS_ATTESTED`)];
  const cure =
    'Set "appendonly yes" and "maxmemory-policy noeviction" there, or TALLYGATE_REDIS_ATTESTED=yes where the service sees to both.';
  return [mode === 'enforce' ? fail('redis', lacking, cure) : warn('redis', lacking, cure)];
}

function describeKeeping({ survives }: RedisKeeping): string {
  return `never evicts; after a crash there is ${SURVIVES[survives ?? 'unknown']}`;
}
