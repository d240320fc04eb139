/**
 * The ledger: where usage is kept for good. On a ClickHouse server or in the embedded engine, by the same code.
 */
import {
  type Clock,
  type Logger,
  type SegmentDestination,
  type SpendHistory,
  silentLogger,
} from '@tallygate/usage';
import { connectLedger, type LedgerAddress } from './connect.ts';
import { createDatabase } from './database.ts';
import { createHistory } from './history.ts';
import { migrate } from './migrate.ts';
import { storeSegment } from './store-segment.ts';

export type UsageStoreOptions = LedgerAddress;

export interface UsageStoreDependencies {
  /** When given, questions about any other organization are refused. Segments are stored whatever they belong to. */
  organization?: string;
  clock: Clock;
  logger?: Logger;
}

export type UsageStore = SpendHistory & SegmentDestination & { close(): Promise<void> };

/**
 * Opens the store and brings its tables up to date.
 *
 * `embedded`: one operating system process per directory; it needs the optional package chdb. `server`: an http(s) URL with
 * user, password and database, `http://user:password@host:8123/database`.
 *
 * @throws TallygateError `TALLYGATE_ENGINE_MISSING` without chdb, `TALLYGATE_DIRECTORY_OWNED` when another process has the
 * directory, `TALLYGATE_LEDGER_UNAVAILABLE` when the server does not answer or refuses the credentials,
 * `TALLYGATE_VERSION_UNSUPPORTED` when a newer version has migrated the tables, `TALLYGATE_CONFIGURATION_INVALID` for what is
 * no URL.
 */
export async function openUsageStore(
  options: UsageStoreOptions,
  { organization, clock, logger = silentLogger }: UsageStoreDependencies,
): Promise<UsageStore> {
  const database = createDatabase(await connectLedger(options));
  try {
    await migrate(database, clock, logger);
  } catch (error) {
    await database.close();
    throw error;
  }
  return {
    ...createHistory(database, clock, organization),
    store: (segment) => storeSegment(database, segment),
    close: () => database.close(),
  };
}
