/**
 * The ledger: where usage is kept for good. On a ClickHouse server or in the embedded engine, by the same code.
 */
import {
  type BatchFacts,
  type Clock,
  type Logger,
  type SegmentDestination,
  type SpendHistory,
  silentLogger,
} from '@tallygate/usage';
import { createBatchFacts } from './batch-facts.ts';
import { connectLedger, type LedgerAddress } from './connect.ts';
import { createDatabase, type Database } from './database.ts';
import { type ExportedDays, type ExportOrder, exportDays } from './export-days.ts';
import { createHistory, requireOrganization } from './history.ts';
import { storeLateEvents } from './late-usage.ts';
import { migrate } from './migrate.ts';
import { applyRetention, type RetentionSetting } from './retention.ts';
import { type AddedUp, addUp, type RollupDependencies, sweep } from './rollups/add-up.ts';
import { keepAddedUp } from './rollups/keep-added-up.ts';
import { type RebuildOrder, type Rebuilt, rebuild } from './rollups/rebuild.ts';
import { byAskedState, byRememberedState, type ReadByState } from './rollups/remember-state.ts';
import { storeReplayed } from './store-replayed.ts';
import { storeSegment } from './store-segment.ts';

export type UsageStoreOptions = LedgerAddress;

export interface UsageStoreDependencies {
  /** When given, questions about any other organization are refused. Segments are stored whatever they belong to. */
  organization?: string;
  clock: Clock;
  logger?: Logger;
  /** How long rows are kept, from now on, by all who use these tables. Without it, as it was: 400 and 60 days at first. */
  retention?: RetentionSetting;
  /** How long after its last insert an hour is left to its rows; by default five minutes. Longer than any insert may take. */
  settlingMs?: number;
}

export interface UsageStore extends SpendHistory, SegmentDestination {
  batchFacts: BatchFacts;
  /** Rows as files, a day in each; see there. */
  exportDays(order: ExportOrder): Promise<ExportedDays>;
  /** Adds a range up again from its rows; see there. */
  rebuild(order: RebuildOrder): Promise<Rebuilt>;
  /** Adds up what was inserted and has settled, as every store does by itself every 30 to 60 s. Nobody's sums depend on it, only how fast they are answered. */
  addUp(): Promise<AddedUp>;
  /** Deletes what addUp has replaced, an hour and more ago; sooner only where nobody can still be reading it. */
  sweep(graceMs?: number): Promise<void>;
  close(): Promise<void>;
}

const SETTLING_MS = 300_000;

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
  dependencies: UsageStoreDependencies,
): Promise<UsageStore> {
  const database = createDatabase(await connectLedger(options));
  const readByState = options.kind === 'embedded' ? byRememberedState() : byAskedState;
  const rollups = await prepare(database, dependencies, readByState).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const inserts = options.kind === 'server' ? options.inserts : undefined;
  const keeping = keepAddedUp(rollups, dependencies.logger ?? silentLogger);
  const requireOwn = (asked: string) => requireOrganization(asked, dependencies.organization);
  return {
    ...createHistory(rollups, dependencies.organization),
    exportDays: async (order) => {
      requireOwn(order.organization);
      return exportDays(database, order);
    },
    rebuild: async (order) => {
      requireOwn(order.organization);
      return rebuild(rollups, order);
    },
    addUp: () => addUp(rollups),
    sweep: (graceMs) => sweep(rollups, graceMs),
    async store(segment) {
      const lateBeforeMs = rollups.retention.lateBeforeSeconds(dependencies.clock.nowMs()) * 1_000;
      const onTime = await storeLateEvents(database, segment, lateBeforeMs);
      await (onTime.replayed ? storeReplayed : storeSegment)(database, onTime, inserts);
    },
    batchFacts: createBatchFacts(database, dependencies.clock),
    async close() {
      await keeping.stop();
      await database.close();
    },
  };
}

async function prepare(
  database: Database,
  { clock, logger = silentLogger, retention, settlingMs = SETTLING_MS }: UsageStoreDependencies,
  readByState: ReadByState,
): Promise<RollupDependencies> {
  await migrate(database, clock, logger);
  const inForce = await applyRetention(database, retention);
  return { database, clock, retention: inForce, marginMs: settlingMs, readByState };
}
