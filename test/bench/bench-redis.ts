import { startServer } from '../setup/redis.ts';

/** As a Redis that keeps budgets has to be: nothing is evicted, and every write is in a log that is synced each second. */
const AS_IN_PRODUCTION = ['--appendonly', 'yes', '--appendfsync', 'everysec'];

/** Runs the work beside a `redis-server` of its own on the loopback, which ends with it. */
export async function withBenchRedis<Result>(work: (url: string) => Promise<Result>): Promise<Result> {
  const server = await startServer('redis-server', AS_IN_PRODUCTION);
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
}
