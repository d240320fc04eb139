import { silentLogger } from '@tallygate/usage';
import { connectRedis } from './redis-connection.ts';
import type { RedisKeeping } from './redis-keeping.ts';
import type { FoundGate } from './redis-neighbours.ts';

export interface RedisInspection {
  /** How it keeps counters, one entry for each of its primaries. */
  keeping: readonly RedisKeeping[];
  /** Whose counters it has; null where it may not be asked. Of a very large one not all may be found. */
  gates: readonly FoundGate[] | null;
}

/**
 * What a Redis shows of itself.
 *
 * @throws TallygateError `TALLYGATE_GATE_UNAVAILABLE` when it does not answer, `TALLYGATE_CONFIGURATION_INVALID` for one that
 *   evicts keys.
 */
export async function inspectRedis(url: string): Promise<RedisInspection> {
  const connection = await connectRedis(url, silentLogger);
  try {
    return { keeping: connection.keeping, gates: await connection.findGates() };
  } finally {
    await connection.close();
  }
}
