/** Opens a connection to a ClickHouse server or to the embedded engine; from here on both are the same client. */
import { mkdirSync } from 'node:fs';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { TallygateError } from '@tallygate/usage';
import { describeFailure } from './database-errors.ts';

export type LedgerAddress = { kind: 'embedded'; directory: string } | { kind: 'server'; url: string };

type EngineConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

/** The part of `chdb/connection` that is used. */
interface Engine {
  createChdbConnection(options: { path: string }): EngineConnection;
}
export type LoadEngine = () => Promise<Engine>;

/** The engine's types name the client's through another package, whose private fields make equal classes unequal. */
const loadChdb: LoadEngine = async () => (await import('chdb/connection')) as unknown as Engine;

/** Longer than any synchronous insert may take on the server, so that a slow success is not mistaken for a failure. */
const REQUEST_TIMEOUT_MS = 150_000;
const FIRST_ANSWER_TIMEOUT_MS = 10_000;

/** The client writes warnings to stderr by itself; a library stays silent and lets its errors speak. */
const SILENT = { level: ClickHouseLogLevel.OFF };

export async function connectLedger(
  address: LedgerAddress,
  loadEngine: LoadEngine = loadChdb,
): Promise<ClickHouseClient> {
  return address.kind === 'embedded' ? openEmbedded(address.directory, loadEngine) : openServer(address.url);
}

async function openEmbedded(directory: string, loadEngine: LoadEngine): Promise<ClickHouseClient> {
  const { createChdbConnection } = await loadOrExplain(loadEngine);
  try {
    mkdirSync(directory, { recursive: true });
    return createClient({ connection: createChdbConnection({ path: directory }), log: SILENT });
  } catch (cause) {
    throw embeddedFailure(directory, cause);
  }
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
  const reasons = reasonsOf(cause);
  if (reasons.includes('Another server instance')) {
    return new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
      message: `The ledger directory ${directory} is in use by another process.`,
      cause,
    });
  }
  if (reasons.includes('only one active data directory')) {
    return new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
      message: `This process has another ledger directory open than ${directory}.`,
      cure: 'Close that one first: the embedded engine holds one directory per process.',
      cause,
    });
  }
  return new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The ledger directory ${directory} cannot be opened: ${reasons}.`,
    cure: 'Check the rights and the free space of the directory.',
    cause,
  });
}

/** The engine puts its own reason into the cause, sometimes two levels down. */
function reasonsOf(cause: unknown): string {
  const reasons: string[] = [];
  for (let error = cause; error instanceof Error; error = error.cause) reasons.push(describeFailure(error));
  return reasons.length > 0 ? reasons.join(': ') : describeFailure(cause);
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
    return createClient({ url, request_timeout: REQUEST_TIMEOUT_MS, log: SILENT });
  } catch (cause) {
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: `The ClickHouse URL is not accepted: ${describeFailure(cause)}.`,
    });
  }
}
