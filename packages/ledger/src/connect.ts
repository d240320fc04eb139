/** Opens a connection to a ClickHouse server or to the embedded engine; from here on both are the same client. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { TallygateError } from '@tallygate/usage';
import { describeFailure } from './database-errors.ts';
import { type EngineConnection, rinsed } from './embedded-connection.ts';
import { processExists } from './process-table.ts';

export type LedgerAddress =
  | {
      kind: 'embedded';
      directory: string;
      /**
       * MiB that the engine may take; 512 by default, and 256 at least, or a full segment finds no room. The process besides holds the engine's code (240 MiB, shared
       * with other processes that have it), Node.js and what the application keeps. What needs more fails and changes nothing.
       * There is one engine per process: who opens a directory again takes it as it is.
       */
      memoryMb?: number;
    }
  | {
      kind: 'server';
      url: string;
      /**
       * `direct` (default): every segment is a part of its own at once. `gathered`: the server gathers the segments of many small
       * processes for a moment and writes them together; an insert is acknowledged when they are stored. Needs ClickHouse 26.2.
       */
      inserts?: InsertMode;
    };
export type InsertMode = 'direct' | 'gathered';

/** The part of chdb that is used. */
interface Engine {
  Session: new (path: string, options: { connectionArgs: string[] }) => { close(): void };
  createChdbConnection(options: { path: string }): EngineConnection;
  /** Resolves when no statement runs any more: until then the engine holds its directory, whoever closed it. */
  drainPending(): Promise<void>;
}
export type LoadEngine = () => Promise<Engine>;

/** The engine's types name the client's through another package, whose private fields make equal classes unequal. */
const loadChdb: LoadEngine = async () => {
  const [{ Session, drainPending }, { createChdbConnection }] = await Promise.all([
    import('chdb'),
    import('chdb/connection'),
  ]);
  return { Session, createChdbConnection, drainPending } as unknown as Engine;
};

const MEMORY_MB = 512;
/** By themselves they grow to gigabytes, and none gives way to a question: together they leave it five sixths. */
const CACHES = [
  'mark_cache_size',
  'index_mark_cache_size',
  'primary_index_cache_size',
  'query_condition_cache_size',
  'compiled_expression_cache_size',
];
const CACHE_SHARE = 32;

/** Longer than an insert may take on the server (it waits up to 120 s for gathered ones): a slow success must not pass for a failure. */
const REQUEST_TIMEOUT_MS = 150_000;
const FIRST_ANSWER_TIMEOUT_MS = 10_000;

/** The client writes warnings to stderr by itself; a library stays silent and lets its errors speak. */
const SILENT = { level: ClickHouseLogLevel.OFF };

export async function connectLedger(
  address: LedgerAddress,
  loadEngine: LoadEngine = loadChdb,
): Promise<ClickHouseClient> {
  return address.kind === 'embedded' ? openEmbedded(address, loadEngine) : openServer(address.url);
}

async function openEmbedded(
  { directory, memoryMb = MEMORY_MB }: Extract<LedgerAddress, { kind: 'embedded' }>,
  loadEngine: LoadEngine,
): Promise<ClickHouseClient> {
  const { Session, createChdbConnection, drainPending } = await loadOrExplain(loadEngine);
  try {
    mkdirSync(directory, { recursive: true });
    // A connection takes no arguments for the engine. A session does, and the engine keeps them for all that join it.
    const starter = new Session(directory, { connectionArgs: boundsOf(memoryMb) });
    try {
      const client = createClient({
        connection: rinsed(createChdbConnection({ path: directory })),
        log: SILENT,
      });
      return releasing(client, drainPending);
    } finally {
      starter.close();
    }
  } catch (cause) {
    throw embeddedFailure(directory, cause);
  }
}

/** A statement that nobody waits for any more, because another one beside it failed, may outlive the close. */
function releasing(client: ClickHouseClient, drainPending: () => Promise<void>): ClickHouseClient {
  const close = client.close.bind(client);
  client.close = async () => {
    await close();
    await drainPending();
  };
  return client;
}

function boundsOf(memoryMb: number): string[] {
  const bytes = memoryMb * 2 ** 20;
  const caches = CACHES.map((name) => `--${name}=${Math.floor(bytes / CACHE_SHARE)}`);
  return [`--max_server_memory_usage=${bytes}`, ...caches];
}

async function loadOrExplain(loadEngine: LoadEngine): Promise<Engine> {
  try {
    return await loadEngine();
  } catch (cause) {
    throw new TallygateError('TALLYGATE_ENGINE_MISSING', {
      message: `The embedded engine cannot be loaded: ${describeFailure(cause)}.`,
      cause,
    });
  }
}

function embeddedFailure(directory: string, cause: unknown): TallygateError {
  const reason = describeFailure(cause);
  const owner = ownerOf(directory);
  if (owner !== null) {
    return new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
      message: `The ledger directory ${directory} is in use by process ${owner}.`,
      cause,
    });
  }
  if (reason.includes('only one active data directory')) {
    return new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
      message: `This process has another ledger directory open than ${directory}.`,
      cure: 'Close that one first: the embedded engine holds one directory per process.',
      cause,
    });
  }
  return new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The ledger directory ${directory} cannot be opened: ${reason}.`,
    cure: 'Check the rights and the free space of the directory.',
    cause,
  });
}

/**
 * The engine tells its reason to stderr only. But it keeps a locked file with its process id while it has a directory, which
 * survives nothing but a kill: a living process named there is the one that has the lock.
 */
function ownerOf(directory: string): number | null {
  const file = join(directory, 'status');
  if (!existsSync(file)) return null;
  const pid = Number(/^PID: (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? process.pid);
  return pid !== process.pid && processExists(pid) ? pid : null;
}

async function openServer(url: string): Promise<ClickHouseClient> {
  const client = clientOf(url);
  // `select: true`: the plain ping answers without looking at the credentials.
  const answer = await client.ping({
    select: true,
    abort_signal: AbortSignal.timeout(FIRST_ANSWER_TIMEOUT_MS),
  });
  if (answer.success) return client;
  await client.close();
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `ClickHouse at ${new URL(url).host} cannot be used: ${describeFailure(answer.error)}.`,
    cause: answer.error,
  });
}

function clientOf(url: string): ClickHouseClient {
  // Node's own parse error carries the whole URL, password included: it is not kept as a cause.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: 'The ClickHouse URL is not an http:// or https:// URL.',
    });
  }
  try {
    // One in the URL counts; given both, the client would say so on stderr.
    const isGiven = new URL(url).searchParams.has('request_timeout');
    return createClient({ url, ...(isGiven ? {} : { request_timeout: REQUEST_TIMEOUT_MS }), log: SILENT });
  } catch (cause) {
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: `The ClickHouse URL is not accepted: ${describeFailure(cause)}.`,
    });
  }
}
