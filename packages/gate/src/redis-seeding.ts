import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
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
  /**
   * The whole organization is missing: begins a new epoch from the ledger. Likewise in the place of one that lost something;
   * '' where there is none.
   */
  begin(lostEpoch: string): Promise<void>;
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
  /** Puts back the holds of this process. */
  reassert(): Promise<void>;
}

/** The ledger may be slow; nobody waits for this longer than for an answer of the gate. */
const SEED_DEADLINE_MS = 30_000;
/** After a loss counters stay missing so long: every process that lives notices, puts its holds back, and ships what it settled. */
const REASSERT_MS = 1_000;

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
    begin: (lostEpoch) => once(() => beginEpoch(options, lostEpoch)),
    rebuild: (missing) => once(() => rebuild(options, missing)),
    prepare: (next) => once(() => prepare(options, next)),
  };
}

async function beginEpoch(options: SeedingOptions, lostEpoch: string): Promise<void> {
  const { logger, organization, lastKnown, seed } = options;
  if (seed === undefined && lastKnown() !== null) throw lostWithoutLedger(organization);
  if (seed === undefined) logger.warn('No ledger to ask: budgets begin at zero.', { organization });
  const { lastSeq, totals, configuration } = await readSeed(options);
  const spent = totalsByPeriod(totals);
  const live = newest(lastKnown(), configuration ?? null);
  if (live === null && spent.size > 0) throw lostConfiguration(organization);
  const snapshot = live ?? emptyConfiguration(organization);
  const current = new Map(
    currentPeriods(options, snapshot).map(({ key, periodEndMs }) => [key, periodEndMs]),
  );
  const isFirst = lastKnown() === null && spent.size === 0 && lastSeq === 0 && lostEpoch === '';
  const configurationJson = snapshotToJson(snapshot);
  const state = { epoch: randomUUID(), lastSeq, version: snapshot.version, configurationJson, lostEpoch };
  if (isFirst) return void (await runSeed(options, { ...state, closedMs: 0 }, current, new Map()));
  await runSeed(options, { ...state, closedMs: REASSERT_MS }, new Map(), new Map());
  logger.info('Budget counters begin a new epoch.', { organization, lastSeq, lostEpoch });
  await options.reassert();
  await fillIn(options, (spent) => new Map([...boundedPeriods(spent), ...current]));
}

async function rebuild(options: SeedingOptions, missing: readonly PinnedPeriod[]): Promise<void> {
  if (options.seed === undefined) throw lostWithoutLedger(options.organization);
  await fillIn(options, () => endsByKey(missing));
}

/** Without a ledger only a budget that is new may begin at zero: of an older one the counter may have been lost. */
async function prepare(options: SeedingOptions, next: ConfigurationSnapshot): Promise<void> {
  const known = new Set(options.lastKnown()?.budgets.map(budgetIdentity));
  const budgets = next.budgets.filter(
    (budget) => options.seed !== undefined || !known.has(budgetIdentity(budget)),
  );
  const periods = currentPeriods(options, { ...next, budgets });
  if (periods.length > 0) await fillIn(options, () => endsByKey(periods));
}

/** @param periodsOf which periods, by what the ledger knows of any; each with an instant at which it is over. */
async function fillIn(
  options: SeedingOptions,
  periodsOf: (spent: ReadonlyMap<string, NanoUsd>) => ReadonlyMap<string, number>,
): Promise<void> {
  for (;;) {
    const spent = totalsByPeriod((await readSeed(options)).totals);
    const waitMs = await runSeed(options, FILL_IN_ONLY, periodsOf(spent), spent);
    if (waitMs === 0) return;
    // What others settled before the loss is on its way to the ledger: the sums are asked for again afterwards.
    await pause(waitMs);
  }
}

function endsByKey(periods: readonly PinnedPeriod[]): Map<string, number> {
  return new Map(periods.map(({ key, periodEndMs }) => [key, periodEndMs]));
}

function boundedPeriods(spent: ReadonlyMap<string, NanoUsd>): [string, number][] {
  return [...spent.keys()].map((key) => [key, periodEndBoundMs(key)]);
}

interface EpochToBegin {
  /** '' begins none. */
  epoch: string;
  lastSeq: number;
  version: number;
  configurationJson: string;
  /** That it takes the place of; '' for none. */
  lostEpoch: string;
  closedMs: number;
}

const FILL_IN_ONLY: EpochToBegin = {
  ...{ epoch: '', lastSeq: 0, version: 0, configurationJson: '', lostEpoch: '', closedMs: 0 },
};

/**
 * Writes only what is missing. EPOCH is no failure here: who asked for it asks again.
 * @returns how long to wait before anything can be filled in; 0 when it is done.
 */
async function runSeed(
  { connection, keys, bucketMs, recordGraceMs }: SeedingOptions,
  { epoch, lastSeq, version, configurationJson, lostEpoch, closedMs }: EpochToBegin,
  periods: ReadonlyMap<string, number>,
  spent: ReadonlyMap<string, NanoUsd>,
): Promise<number> {
  const budgets = [...periods].flatMap(([key, endMs]) => [spent.get(key) ?? 0n, endMs]);
  const state = [epoch, bucketMs, lastSeq, version, configurationJson, recordGraceMs];
  const reply = await connection.run(
    'seed',
    [keys.state, keys.closed, ...[...periods.keys()].map(keys.budget)],
    [...state, lostEpoch, closedMs, ...budgets].map(String),
  );
  if (reply.code === 'CLOSED') return Math.max(1, Number(reply.values[0]));
  if (reply.code !== 'OK' && reply.code !== 'EPOCH') throw unknownReply('seed', reply);
  return 0;
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
