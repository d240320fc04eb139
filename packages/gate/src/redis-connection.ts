import { type Logger, TallygateError } from '@tallygate/usage';
import { within } from './deadlines.ts';
import { LUA } from './lua.generated.ts';
import { unavailable } from './outages.ts';
import { keepAliveWhileAsked, openClient, primariesOf, type RedisClient } from './redis-client.ts';
import { type RedisKeeping, readKeeping, requireNoEviction } from './redis-keeping.ts';
import { type FoundGate, findGates } from './redis-neighbours.ts';

/**
 * One connection to one Redis or to a cluster, used for scripts only. Commands are never queued while it is down: an answer that comes
 * after the caller's deadline would change counters for nobody. A command that was sent when the connection broke is sent
 * again once the next one stands, however long that takes: its caller's deadline runs, and scripts are idempotent, so that
 * twice is once.
 */
export interface RedisConnection {
  readonly server: string;
  /** Of each primary, when it was connected. */
  readonly keeping: readonly RedisKeeping[];
  /** Of all primaries; null where one of them may not be asked. */
  findGates(): Promise<FoundGate[] | null>;
  /** False: a script would be refused without being sent. */
  isReady(): boolean;
  /** @throws TallygateError `TALLYGATE_GATE_UNAVAILABLE` */
  run(script: ScriptName, keys: readonly string[], values: readonly ScriptValue[]): Promise<ScriptReply>;
  /** The same for a script that answers many questions at once, in their order; `count` of them. */
  runMany(
    script: ScriptName,
    keys: readonly string[],
    values: readonly ScriptValue[],
    count: number,
  ): Promise<ScriptReply[]>;
  /** Called whenever a connection stands again. */
  onReady(listener: () => void): void;
  close(): Promise<void>;
}

export type ScriptName = keyof typeof LUA;
/** A long text costs a fifth as bytes: a text is looked through for what UTF-8 writes in more than one. */
export type ScriptValue = string | Buffer;
export type Scripts = Readonly<Record<ScriptName, string>>;

/** The first value says what happened; each script's header lists what follows. */
export interface ScriptReply {
  code: string;
  values: string[];
}

const CONNECT_DEADLINE_MS = 5_000;
const CLOSE_DEADLINE_MS = 1_000;

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
  let lastError: Error | undefined;
  const failed = (error: Error) => {
    if (lastError === undefined) logger.warn('Redis does not answer.', { server, reason: error.message });
    lastError = error;
  };
  const client = await openClient(url, CONNECT_DEADLINE_MS, failed).catch((error: unknown) => {
    throw unavailable(`Redis at ${server} does not answer`, lastError ?? error);
  });
  client.on('ready', () => {
    lastError = undefined;
  });
  const liveness = keepAliveWhileAsked(client);
  const keeping: RedisKeeping[] = [];
  for (const [name, lua] of Object.entries(scripts)) client.defineCommand(commandOf(name), { lua });
  try {
    for (const primary of primariesOf(client)) keeping.push(await readKeeping(primary));
    for (const found of keeping) requireNoEviction(found, server);
    liveness.answered();
  } catch (error) {
    client.disconnect();
    throw error;
  }
  const awaited = async <Answer>(question: () => Promise<Answer>): Promise<Answer> => {
    liveness.asked();
    try {
      return await question();
    } finally {
      liveness.answered();
    }
  };
  const ask = (script: ScriptName, keys: readonly string[], values: readonly ScriptValue[]) =>
    awaited(() => runScript(client, server, script, keys, values));
  return {
    server,
    keeping,
    async findGates() {
      const found = await awaited(() => Promise.all(primariesOf(client).map(findGates)));
      return found.some((gates) => gates === null) ? null : found.flatMap((gates) => gates ?? []);
    },
    isReady: () => client.status === 'ready',
    run: async (script, keys, values) => replyFrom(server, script, await ask(script, keys, values)),
    runMany: async (script, keys, values, count) => {
      const replies = await ask(script, keys, values);
      if (!Array.isArray(replies) || replies.length !== count) throw unreadable(server, script);
      return replies.map((reply) => replyFrom(server, script, reply));
    },
    onReady: (listener) => void client.on('ready', listener),
    close: () => closeClient(client),
  };
}

async function runScript(
  client: RedisClient,
  server: string,
  script: ScriptName,
  keys: readonly string[],
  values: readonly ScriptValue[],
): Promise<unknown> {
  try {
    const command = Reflect.get(client, commandOf(script)) as (...given: unknown[]) => Promise<unknown>;
    return await command.call(client, keys.length, ...keys, ...values);
  } catch (cause) {
    throw unavailable(`Redis at ${server} did not run "${script}"`, cause);
  }
}

function replyFrom(server: string, script: ScriptName, reply: unknown): ScriptReply {
  if (!Array.isArray(reply) || !reply.every((value) => typeof value === 'string'))
    throw unreadable(server, script);
  const [code = '', ...values] = reply;
  return { code, values };
}

function unreadable(server: string, script: ScriptName): TallygateError {
  return unavailable(`Redis at ${server} answered "${script}" in a form that no script of ours has`);
}

async function closeClient(client: RedisClient): Promise<void> {
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
