import { randomUUID } from 'node:crypto';
import {
  type Budget,
  type Clock,
  type ConfigurationSnapshot,
  emptyConfiguration,
  type Logger,
  type NanoUsd,
  type TallygateError,
} from '@tallygate/usage';
import type { PeriodCalendar, PinnedPeriod } from './budget-periods.ts';
import { within } from './deadlines.ts';
import type { RedisKeys } from './keys.ts';
import { unavailable } from './outages.ts';
import type { RedisConnection } from './redis-connection.ts';
import { unknownReply } from './redis-replies.ts';
import { type GateSeed, periodEndBoundMs, totalsByPeriod } from './seeds.ts';
import { snapshotToJson } from './snapshots.ts';

/**
 * Rebuilds lost counters. Absent is never read as zero where something may have been lost: the ledger is asked what was
 * settled, and only what it does not know counts as nothing.
 */
export interface RedisSeeding {
  /** The whole organization is missing: begins a new epoch from the ledger. */
  begin(): Promise<void>;
  /** Single counters are missing. */
  rebuild(missing: readonly PinnedPeriod[]): Promise<void>;
  /** Counters that a configuration is about to need, so that its first call does not wait for the ledger. */
  prepare(next: ConfigurationSnapshot): Promise<void>;
}

export interface SeedingOptions {
  organization: string;
  clock: Clock;
  logger: Logger;
  connection: RedisConnection;
  keys: RedisKeys;
  calendar: PeriodCalendar;
  bucketMs: number;
  recordGraceMs: number;
  seed: (() => Promise<GateSeed>) | undefined;
  /** The newest snapshot that this process has read from Redis; null before the first. */
  lastKnown: () => ConfigurationSnapshot | null;
}

/** The ledger may be slow; nobody waits for this longer than for an answer of the gate. */
const SEED_DEADLINE_MS = 30_000;

export function createRedisSeeding(options: SeedingOptions): RedisSeeding {
  let running: Promise<void> | null = null;
  /** One at a time: those who find a counter missing meanwhile wait for it and ask again. */
  const once = (work: () => Promise<void>): Promise<void> => {
    running ??= within(SEED_DEADLINE_MS, work(), 'rebuilding the counters').finally(() => {
      running = null;
    });
    return running;
  };
  return {
    begin: () => once(() => beginEpoch(options)),
    rebuild: (missing) => once(() => rebuild(options, missing)),
    prepare: (next) => once(() => prepare(options, next)),
  };
}

async function beginEpoch(options: SeedingOptions): Promise<void> {
  const { logger, organization, lastKnown, seed } = options;
  if (seed === undefined && lastKnown() !== null) throw lostWithoutLedger(organization);
  if (seed === undefined) logger.warn('No ledger to ask: budgets begin at zero.', { organization });
  const { lastSeq, totals, configuration } = await readSeed(options);
  const spent = totalsByPeriod(totals);
  const live = newest(lastKnown(), configuration ?? null);
  if (live === null && spent.size > 0) throw lostConfiguration(organization);
  const snapshot = live ?? emptyConfiguration(organization);
  const periods = new Map<string, number>();
  for (const key of spent.keys()) periods.set(key, periodEndBoundMs(key));
  for (const { key, periodEndMs } of currentPeriods(options, snapshot)) periods.set(key, periodEndMs);
  await runSeed(options, { epoch: randomUUID(), lastSeq, snapshot }, periods, spent);
  logger.info('Budget counters begin a new epoch.', { organization, lastSeq, periods: periods.size });
}

async function rebuild(options: SeedingOptions, missing: readonly PinnedPeriod[]): Promise<void> {
  if (options.seed === undefined) throw lostWithoutLedger(options.organization);
  await fillIn(options, missing);
}

/** Without a ledger only a budget that is new may begin at zero: of an older one the counter may have been lost. */
async function prepare(options: SeedingOptions, next: ConfigurationSnapshot): Promise<void> {
  const known = new Set(options.lastKnown()?.budgets.map(budgetIdentity));
  const budgets = next.budgets.filter(
    (budget) => options.seed !== undefined || !known.has(budgetIdentity(budget)),
  );
  await fillIn(options, currentPeriods(options, { ...next, budgets }));
}

async function fillIn(options: SeedingOptions, missing: readonly PinnedPeriod[]): Promise<void> {
  if (missing.length === 0) return;
  const { totals } = await readSeed(options);
  const periods = new Map(missing.map(({ key, periodEndMs }) => [key, periodEndMs]));
  const snapshot = emptyConfiguration(options.organization);
  await runSeed(options, { epoch: '', lastSeq: 0, snapshot }, periods, totalsByPeriod(totals));
}

/** Writes only what is missing; an `epoch` of '' begins none. EPOCH is no failure here: who asked for it asks again. */
async function runSeed(
  { connection, keys, bucketMs, recordGraceMs }: SeedingOptions,
  state: { epoch: string; lastSeq: number; snapshot: ConfigurationSnapshot },
  periods: ReadonlyMap<string, number>,
  spent: ReadonlyMap<string, NanoUsd>,
): Promise<void> {
  const { epoch, lastSeq, snapshot } = state;
  const budgets = [...periods].flatMap(([key, endMs]) => [String(spent.get(key) ?? 0n), String(endMs)]);
  const reply = await connection.run(
    'seed',
    [keys.state, ...[...periods.keys()].map(keys.budget)],
    [
      ...[epoch, bucketMs, lastSeq, snapshot.version, snapshotToJson(snapshot), recordGraceMs].map(String),
      ...budgets,
    ],
  );
  if (reply.code !== 'OK' && reply.code !== 'EPOCH') throw unknownReply('seed', reply);
}

async function readSeed({ seed, organization }: SeedingOptions): Promise<GateSeed> {
  if (seed === undefined) return { lastSeq: 0, totals: [] };
  try {
    return await seed();
  } catch (cause) {
    throw unavailable(`The counters of "${organization}" wait for the ledger, which does not answer`, cause);
  }
}

function currentPeriods(
  { calendar, clock }: SeedingOptions,
  { budgets }: ConfigurationSnapshot,
): PinnedPeriod[] {
  const nowMs = clock.nowMs();
  return budgets.map((budget) => calendar(budget, nowMs));
}

function newest(
  left: ConfigurationSnapshot | null,
  right: ConfigurationSnapshot | null,
): ConfigurationSnapshot | null {
  if (left === null || right === null) return left ?? right;
  return right.version > left.version ? right : left;
}

function budgetIdentity({ id, period, timeZone }: Budget): string {
  return `${id} ${period} ${timeZone}`;
}

function lostWithoutLedger(organization: string): TallygateError {
  return unavailable(
    `Redis lost counters of "${organization}" and no ledger is configured to rebuild them from`,
    undefined,
    'Connect the ledger, or restart every process to begin at zero knowingly.',
  );
}

function lostConfiguration(organization: string): TallygateError {
  return unavailable(
    `Redis lost the configuration of "${organization}", and there are settled budgets`,
    undefined,
    'Let the seed of the gate return the last published configuration.',
  );
}
