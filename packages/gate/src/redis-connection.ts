import { type Logger, TallygateError } from '@tallygate/usage';
import type { Redis } from 'ioredis';
import { within } from './deadlines.ts';
import { LUA } from './lua.generated.ts';
import { unavailable } from './outages.ts';

/**
 * One connection to one Redis, used for scripts only. Commands are never queued while it is down: an answer that comes
 * after the caller's deadline would change counters for nobody. A command that was sent when the connection broke is sent
 * again once the next one stands, however long that takes: its caller's deadline runs, and scripts are idempotent, so that
 * twice is once.
 */
export interface RedisConnection {
  readonly server: string;
  /** False: a script would be refused without being sent. */
  isReady(): boolean;
  /** @throws TallygateError `TALLYGATE_GATE_UNAVAILABLE` */
  run(script: ScriptName, keys: readonly string[], values: readonly string[]): Promise<ScriptReply>;
  /** Called whenever a connection stands again. */
  onReady(listener: () => void): void;
  close(): Promise<void>;
}

export type ScriptName = keyof typeof LUA;
export type Scripts = Readonly<Record<ScriptName, string>>;

/** The first value says what happened; each script's header lists what follows. */
export interface ScriptReply {
  code: string;
  values: string[];
}

const CONNECT_DEADLINE_MS = 5_000;
const CLOSE_DEADLINE_MS = 1_000;
const LONGEST_RETRY_MS = 2_000;

/**
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a URL that is none, or a Redis that evicts keys;
 *   `TALLYGATE_GATE_UNAVAILABLE` when it does not answer.
 */
export async function connectRedis(
  url: string,
  logger: Logger,
  scripts: Scripts = LUA,
): Promise<RedisConnection> {
  const server = describeServer(url);
  // Loaded where it is used: it derives a class from String, after which V8 calls the methods of all strings of the process slowly.
  const ioredis = await import('ioredis');
  const client = new ioredis.Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: CONNECT_DEADLINE_MS,
    retryStrategy: (times) =>
      Math.min(25 * 2 ** Math.min(times, 10), LONGEST_RETRY_MS) * (0.5 + Math.random() / 2),
    // After a failover behind one address the old primary is a replica: connect anew instead of failing for ever.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  let lastError: Error | undefined;
  client.on('error', (error: Error) => {
    if (lastError === undefined) logger.warn('Redis does not answer.', { server, reason: error.message });
    lastError = error;
  });
  const liveness = keepAliveWhileAsked(client);
  client.on('ready', () => {
    lastError = undefined;
    liveness.renewed();
  });
  for (const [name, lua] of Object.entries(scripts)) client.defineCommand(commandOf(name), { lua });
  try {
    await within(CONNECT_DEADLINE_MS, client.connect(), `connecting to Redis at ${server}`);
    await requireNoEviction(client, server, logger);
    liveness.answered();
  } catch (error) {
    client.disconnect();
    if (TallygateError.isInstance(error)) throw error;
    throw unavailable(`Redis at ${server} does not answer`, lastError ?? error);
  }
  return {
    server,
    isReady: () => client.status === 'ready',
    run: async (script, keys, values) => {
      liveness.asked();
      try {
        return await runScript(client, server, script, keys, values);
      } finally {
        liveness.answered();
      }
    },
    onReady: (listener) => void client.on('ready', listener),
    close: () => closeClient(client),
  };
}

/**
 * A socket keeps its process alive, and an application that is done must end without calling close(). So the connection counts
 * only while somebody waits for its answer; it begins as waited for, until it stands.
 */
function keepAliveWhileAsked(client: Redis) {
  let waiting = 1;
  const adjust = () => {
    // Null-like until the first connection is made, and replaced by each later one.
    if (waiting > 0) client.stream?.ref();
    else client.stream?.unref();
  };
  client.on('reconnecting', () => {
    // Against a server that is gone the client would try for ever, and so would the process live.
    const timer: unknown = Reflect.get(client, 'reconnectTimeout');
    if (waiting === 0 && timer instanceof Object && 'unref' in timer) (timer as NodeJS.Timeout).unref();
  });
  return {
    asked() {
      waiting += 1;
      adjust();
    },
    answered() {
      waiting -= 1;
      adjust();
    },
    renewed: adjust,
  };
}

async function runScript(
  client: Redis,
  server: string,
  script: ScriptName,
  keys: readonly string[],
  values: readonly string[],
): Promise<ScriptReply> {
  let reply: unknown;
  try {
    const command = Reflect.get(client, commandOf(script)) as (...given: unknown[]) => Promise<unknown>;
    reply = await command.call(client, keys.length, ...keys, ...values);
  } catch (cause) {
    throw unavailable(`Redis at ${server} did not run "${script}"`, cause);
  }
  if (!Array.isArray(reply) || !reply.every((value) => typeof value === 'string')) {
    throw unavailable(`Redis at ${server} answered "${script}" in a form that no script of ours has`);
  }
  const [code = '', ...rest] = reply;
  return { code, values: rest };
}

/** An evicted counter is a free budget. Counters expire, so that the volatile policies evict them as well. */
async function requireNoEviction(client: Redis, server: string, logger: Logger): Promise<void> {
  let policy: unknown;
  try {
    policy = ((await client.config('GET', 'maxmemory-policy')) as unknown[])[1];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn('Redis does not show its eviction policy; it must be noeviction.', { server, reason });
    return;
  }
  if (policy === 'noeviction') return;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Redis at ${server} evicts keys when its memory is full (maxmemory-policy is "${policy}"): an evicted counter would be a free budget.`,
    cure: 'Set maxmemory-policy to noeviction there, or use a Redis of its own for budgets.',
  });
}

async function closeClient(client: Redis): Promise<void> {
  try {
    if (client.status === 'ready') await within(CLOSE_DEADLINE_MS, client.quit(), 'QUIT');
  } catch {
    // The server is gone or slow: there is nothing left to say to it.
  } finally {
    client.disconnect();
  }
}

/** Host and port only: a URL may carry a password. */
function describeServer(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: 'The URL of Redis is not of the form redis://host:port or rediss://host:port.',
    });
  }
  return `${parsed.hostname}:${parsed.port || '6379'}`;
}

function commandOf(script: string): string {
  return `tallygate_${script}`;
}
