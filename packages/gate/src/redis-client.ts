import type { Cluster, Redis } from 'ioredis';
import { within } from './deadlines.ts';

/** One server, or all the primaries of a cluster: who runs a script finds the one that has its keys. */
export type RedisClient = Redis | Cluster;

const LONGEST_RETRY_MS = 2_000;
/** Most of a second of a slot's move is waited out; the caller's own deadline runs meanwhile. */
const REDIRECT_DELAYS_MS = {
  retryDelayOnMoved: 0,
  retryDelayOnTryAgain: 50,
  retryDelayOnClusterDown: 50,
  retryDelayOnFailover: 50,
};

const backOffMs = (times: number) =>
  Math.min(25 * 2 ** Math.min(times, 10), LONGEST_RETRY_MS) * (0.5 + Math.random() / 2);

/**
 * Connects, and goes on as a client of the whole cluster where the server says that it belongs to one. Commands are never queued
 * while nothing stands.
 * @param onError hears why a connection does not stand, of either client.
 */
export async function openClient(
  url: string,
  deadlineMs: number,
  onError: (error: Error) => void,
): Promise<RedisClient> {
  // Loaded where it is used: it derives a class from String, after which V8 calls the methods of all strings of the process slowly.
  const ioredis = await import('ioredis');
  const single = new ioredis.Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: deadlineMs,
    retryStrategy: backOffMs,
    // After a failover behind one address the old primary is a replica: connect anew instead of failing for ever.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  single.on('error', onError);
  try {
    await within(deadlineMs, single.connect(), 'connecting to Redis');
    const members = await membersOf(single);
    if (members === null) return single;
    const { username, password, tls } = single.options;
    const credentials = { ...(username && { username }), ...(password && { password }), ...(tls && { tls }) };
    const cluster = new ioredis.Cluster(members, {
      ...{
        lazyConnect: true,
        enableOfflineQueue: false,
        clusterRetryStrategy: backOffMs,
        ...REDIRECT_DELAYS_MS,
      },
      redisOptions: { ...credentials, connectTimeout: deadlineMs, maxRetriesPerRequest: 1 },
    });
    cluster.on('error', onError);
    single.disconnect();
    await connected(cluster, deadlineMs);
    return cluster;
  } catch (error) {
    single.disconnect();
    throw error;
  }
}

async function connected(cluster: Cluster, deadlineMs: number): Promise<void> {
  try {
    await within(deadlineMs, cluster.connect(), 'connecting to the cluster of Redis');
  } catch (error) {
    cluster.disconnect();
    throw error;
  }
}

/** All that are known now, so that any of them may be gone later. Null for a server alone, and where the user may not ask. */
async function membersOf(client: Redis): Promise<{ host: string; port: number }[] | null> {
  const { host = '127.0.0.1' } = client.options;
  try {
    const ranges = await client.cluster('SLOTS');
    // A server that does not know its own name is where it was found.
    return ranges.flatMap(([, , ...nodes]) => nodes.map(([name, port]) => ({ host: name || host, port })));
  } catch {
    return null;
  }
}

/** The servers that answer scripts. */
export function primariesOf(client: RedisClient): Redis[] {
  return 'nodes' in client ? client.nodes('master') : [client];
}

/**
 * A socket keeps its process alive, and an application that is done must end without calling close(). So connections count only
 * while somebody waits for an answer; a client begins as waited for, until it stands.
 */
export function keepAliveWhileAsked(client: RedisClient) {
  let waiting = 1;
  const adjust = () => {
    for (const { stream } of 'nodes' in client ? client.nodes() : [client]) {
      // Null-like until the first connection is made, and replaced by each later one: one that is gone would remember each call.
      if (!stream || stream.destroyed) continue;
      if (waiting > 0) stream.ref();
      else stream.unref();
    }
  };
  client.on('+node', (node: Redis) => node.on('connect', adjust));
  client.on('ready', adjust);
  client.on('reconnecting', () => {
    // Against a server that is gone the client would try for ever, and so would the process live.
    const timer: unknown = Reflect.get(client, 'reconnectTimeout');
    if (waiting === 0 && timer instanceof Object && 'unref' in timer) (timer as NodeJS.Timeout).unref();
  });
  return {
    asked() {
      waiting += 1;
      if (waiting === 1) adjust();
    },
    answered() {
      waiting -= 1;
      if (waiting === 0) adjust();
    },
  };
}
