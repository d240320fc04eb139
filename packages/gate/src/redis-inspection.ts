import { silentLogger } from '@tallygate/usage';
import { connectRedis } from './redis-connection.ts';
import type { RedisKeeping } from './redis-keeping.ts';

/**
 * What a Redis shows of how it keeps counters, one entry for each of its primaries.
 *
 * @throws TallygateError `TALLYGATE_GATE_UNAVAILABLE` when it does not answer, `TALLYGATE_CONFIGURATION_INVALID` for one that
 *   evicts keys.
 */
export async function inspectRedis(url: string): Promise<readonly RedisKeeping[]> {
  const connection = await connectRedis(url, silentLogger);
  await connection.close();
  return connection.keeping;
}
