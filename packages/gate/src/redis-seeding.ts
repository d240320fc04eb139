import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Budget,
  type Clock,
  type ConfigurationSnapshot,
  emptyConfiguration,
  type Logger,
  type NanoUsd,
  type SettledSelection,
  type TallygateError,
} from '@tallygate/usage';
import { isOfValues, type PeriodCalendar, type PinnedPeriod } from './budget-periods.ts';
import { within } from './deadlines.ts';
import { counterKey, type RedisKeys, withoutValue } from './keys.ts';
import { unavailable } from './outages.ts';
import type { RedisConnection } from './redis-connection.ts';
import { unknownReply } from './redis-replies.ts';
import {
  type Announced,
  announcedByCounter,
  type GateSeed,
  periodEndBoundMs,
  type ReadSeed,
  startIn,
  totalsByPeriod,
} from './seeds.ts';
import { snapshotToJson } from './snapshots.ts';
import { thresholdsText } from './thresholds.ts';
import { partIn } from './window-parts.ts';

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
  /** Raises counters that know less than the ledger does by now. */
  recount(): Promise<void>;
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
  seed: ReadSeed | undefined;
  /** The newest snapshot that this process has read from Redis; null before the first. */
  lastKnown: () => ConfigurationSnapshot | null;
  /** Puts back the holds of this process. */
  reassert(): Promise<void>;
}

/** Values of one budget that are put back at once after a loss. Where there are more, each waits for its first call. */
const MOST_VALUES = 5_000;
/** Few enough not to hold up other callers of a single-threaded server for long. */
const PERIODS_PER_SCRIPT = 500;
const KEYS_PER_QUESTION = 1_000;

/** The ledger may be slow; nobody waits for this longer than for an answer of the gate. */
const SEED_DEADLINE_MS = 30_000;
/** After a loss counters stay missing so long: every process that lives notices, puts its holds back, and ships what it settled. */
const REASSERT_MS = 1_000;

export function createRedisSeeding(options: SeedingOptions): RedisSeeding {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(() => within(SEED_DEADLINE_MS, work(), 'rebuilding the counters'));
    last = done.catch(() => {});
    return done;
  };
  // Those who find something missing meanwhile wait with the first, and ask again.
  let beginning: Promise<void> | null = null;
  let rebuilding: Promise<void> | null = null;
  let missing = new Map<string, PinnedPeriod>();
  return {
    begin: (lostEpoch) => {
      beginning ??= inTurn(() => beginEpoch(options, lostEpoch)).finally(() => {
        beginning = null;
      });
      return beginning;
    },
    rebuild: (found) => {
      if (beginning !== null) return beginning;
      for (const period of found) missing.set(period.key, period);
      rebuilding ??= inTurn(() => {
        const all = [...missing.values()];
        missing = new Map();
        rebuilding = null;
        return rebuild(options, all);
      });
      return rebuilding;
    },
    recount: () => inTurn(() => recount(options)),
    prepare: (next) => inTurn(() => prepare(options, next)),
  };
}

async function beginEpoch(options: SeedingOptions, lostEpoch: string): Promise<void> {
  const { logger, organization, lastKnown, seed } = options;
  if (seed === undefined && lastKnown() !== null) throw lostWithoutLedger(organization);
  if (seed === undefined) logger.warn('No ledger to ask: budgets begin at zero.', { organization });
  const known = await readSeed(options);
  const { lastSeq, configuration } = known;
  const spent = totalsByPeriod(known.totals);
  const live = newest(lastKnown(), configuration ?? null);
  if (live === null && spent.size > 0) throw lostConfiguration(organization);
  const snapshot = live ?? emptyConfiguration(organization);
  const { single, ofValues } = currentPeriods(options, snapshot);
  const current = endsByKey(single);
  const isFirst = lastKnown() === null && spent.size === 0 && lastSeq === 0 && lostEpoch === '';
  const state = { epoch: randomUUID(), lastSeq, snapshot, lostEpoch };
  const nothing = { periods: new Map(), wholePeriods: [] };
  const fresh = { periods: current, wholePeriods: ofValues.map(({ key }) => key) };
  if (isFirst) return void (await runSeed(options, { ...state, closedMs: 0 }, fresh, NOTHING_SPENT));
  await runSeed(options, { ...state, closedMs: REASSERT_MS }, nothing, NOTHING_SPENT);
  logger.info('Budget counters begin a new epoch.', { organization, lastSeq, lostEpoch });
  await options.reassert();
  await fillIn(options, undefined, ({ spent }) => ({
    periods: new Map([...boundedPeriods(spent), ...current]),
    wholePeriods: [],
    running: new Set([...single, ...ofValues].map(({ key }) => counterKey(key))),
  }));
  for (const period of ofValues) await fillInValues(options, period);
}

async function rebuild(options: SeedingOptions, missing: readonly PinnedPeriod[]): Promise<void> {
  if (options.seed === undefined) throw lostWithoutLedger(options.organization);
  await fillInPeriods(options, missing);
}

/** Of what calls are admitted by now; what is over admits nobody. */
async function recount(options: SeedingOptions): Promise<void> {
  const live = options.lastKnown();
  if (options.seed !== undefined && live !== null) await fillInCurrent(options, live);
}

/** Without a ledger only a budget that is new may begin at zero: of an older one the counter may have been lost. */
async function prepare(options: SeedingOptions, next: ConfigurationSnapshot): Promise<void> {
  const known = new Set(options.lastKnown()?.budgets.map(budgetIdentity));
  const budgets = next.budgets.filter(
    (budget) => options.seed !== undefined || !known.has(budgetIdentity(budget)),
  );
  await fillInCurrent(options, { ...next, budgets });
}

/** What a script is to fill in, where it is missing. */
interface Filling {
  /** Each with an instant at which it is over. */
  periods: ReadonlyMap<string, number>;
  /** Periods of budgets with `each` of which every value is among these: a further one is new. */
  wholePeriods: readonly string[];
  /** Those that are not over: what is reached there, and stands nowhere as announced, is announced. Absent: all of them. */
  running?: ReadonlySet<string>;
}

async function fillInCurrent(options: SeedingOptions, snapshot: ConfigurationSnapshot): Promise<void> {
  const { single, ofValues } = currentPeriods(options, snapshot);
  await fillInPeriods(options, single);
  for (const period of ofValues) await fillInValues(options, period);
}

async function fillInPeriods(options: SeedingOptions, missing: readonly PinnedPeriod[]): Promise<void> {
  const windows = missing.filter(({ key }) => isWindow(key));
  if (windows.length > 0) await fillInWindows(options, windows);
  const calendars = missing.filter(({ key }) => !isWindow(key));
  for (let at = 0; at < calendars.length; at += KEYS_PER_QUESTION) {
    const some = calendars.slice(at, at + KEYS_PER_QUESTION);
    const filling = { periods: endsByKey(some), wholePeriods: [] };
    await fillIn(options, { keys: some.map(({ key }) => key) }, () => filling);
  }
}

/** With all parts that the ledger has of them: clocks differ, and one that is left out would be spent again. */
async function fillInWindows(options: SeedingOptions, windows: readonly PinnedPeriod[]): Promise<void> {
  const wanted = new Set(windows.map(({ key }) => counterKey(key)));
  await fillIn(options, undefined, ({ spent }) => {
    const parts = boundedPeriods(spent).filter(([key]) => wanted.has(counterKey(key)));
    return { periods: new Map([...endsByKey(windows), ...parts]), wholePeriods: [] };
  });
}

async function fillInValues(options: SeedingOptions, { key, periodEndMs }: PinnedPeriod): Promise<void> {
  await fillIn(options, { valuesOf: key, atMost: MOST_VALUES }, ({ spent, count }) => {
    const values = [...spent.keys()].filter((name) => name.startsWith(`${key}:`));
    const isWhole = count === undefined || count <= values.length;
    return {
      periods: new Map(values.map((name) => [name, periodEndMs])),
      wholePeriods: isWhole ? [key] : [],
    };
  });
}

interface Spent {
  spent: ReadonlyMap<string, NanoUsd>;
  /** By counter. */
  announced: ReadonlyMap<string, Announced>;
}

const NOTHING_SPENT: Spent = { spent: new Map(), announced: new Map() };

interface Found extends Spent {
  /** How many values there are; where they were asked for and the ledger says. */
  count: number | undefined;
}

async function fillIn(
  options: SeedingOptions,
  selection: SettledSelection | undefined,
  fillingBy: (found: Found) => Filling,
): Promise<void> {
  for (;;) {
    const { totals, values: count, announced } = await readSeed(options, selection);
    const found = { spent: totalsByPeriod(totals), announced: announcedByCounter(announced), count };
    const waitMs = await runSeed(options, FILL_IN_ONLY, fillingBy(found), found);
    if (waitMs === 0) return;
    // What others settled before the loss is on its way to the ledger: the sums are asked for again afterwards.
    await pause(waitMs);
  }
}

function endsByKey(periods: readonly PinnedPeriod[]): Map<string, number> {
  return new Map(
    periods.map(({ key, periodEndMs }) => [key, isWindow(key) ? periodEndBoundMs(key) : periodEndMs]),
  );
}

function isWindow(key: string): boolean {
  return partIn({ key }) !== null;
}

function boundedPeriods(spent: ReadonlyMap<string, NanoUsd>): [string, number][] {
  return [...spent.keys()].map((key) => [key, periodEndBoundMs(key)]);
}

interface EpochToBegin {
  /** '' begins none. */
  epoch: string;
  lastSeq: number;
  snapshot: ConfigurationSnapshot | null;
  /** That it takes the place of; '' for none. */
  lostEpoch: string;
  closedMs: number;
}

const FILL_IN_ONLY: EpochToBegin = {
  ...{ epoch: '', lastSeq: 0, snapshot: null, lostEpoch: '', closedMs: 0 },
};

/**
 * Writes what is missing, and more than is there. EPOCH is no failure here: who asked for it asks again.
 * @returns how long to wait before anything can be filled in; 0 when it is done.
 */
async function runSeed(
  options: SeedingOptions,
  state: EpochToBegin,
  { periods, wholePeriods, running }: Filling,
  { spent, announced }: Spent,
): Promise<number> {
  const budgets = seededCounters(periods, spent).map(({ key, parts, overMs }) => {
    const isRunning = running?.has(withoutValue(key)) ?? true;
    const last = announced.get(key);
    const since = last === undefined ? 0 : startIn(last.key);
    return { key, values: [parts.join(), overMs, last?.percent ?? 0, since, isRunning ? 1 : 0] };
  });
  let waitMs = 0;
  for (let at = 0; waitMs === 0 && (at === 0 || at < budgets.length); at += PERIODS_PER_SCRIPT) {
    const some = budgets.slice(at, at + PERIODS_PER_SCRIPT);
    const isLast = at + PERIODS_PER_SCRIPT >= budgets.length;
    waitMs = await sendSeed(options, state, some, isLast ? wholePeriods : []);
  }
  return waitMs;
}

interface SeededCounter {
  key: string;
  /** What was spent, as `lua/seed.lua` reads it. */
  parts: string[];
  overMs: number;
}

/** All parts of a window together: a counter is found missing once. */
function seededCounters(
  periods: ReadonlyMap<string, number>,
  spent: ReadonlyMap<string, NanoUsd>,
): SeededCounter[] {
  const counters = new Map<string, SeededCounter>();
  for (const [periodKey, endMs] of periods) {
    const key = counterKey(periodKey);
    const counter = counters.get(key) ?? { key, parts: [], overMs: endMs };
    counters.set(key, counter);
    const amount = spent.get(periodKey) ?? 0n;
    if (amount !== 0n) counter.parts.push(`${startIn(periodKey)}=${amount}`);
    counter.overMs = Math.max(counter.overMs, endMs);
  }
  return [...counters.values()];
}

async function sendSeed(
  { connection, keys, bucketMs, recordGraceMs }: SeedingOptions,
  { epoch, lastSeq, snapshot, lostEpoch, closedMs }: EpochToBegin,
  budgets: readonly { key: string; values: readonly (string | number)[] }[],
  wholePeriods: readonly string[],
): Promise<number> {
  const configuration = snapshot === null ? [0, ''] : [snapshot.version, snapshotToJson(snapshot)];
  const thresholds = snapshot === null ? '' : thresholdsText(snapshot);
  const state = [epoch, bucketMs, lastSeq, ...configuration, recordGraceMs, lostEpoch, closedMs];
  const reply = await connection.run(
    'seed',
    [keys.state, keys.closed, keys.outbox, ...budgets.map(({ key }) => keys.budget(key))],
    [...state, wholePeriods.join(','), thresholds, ...budgets.flatMap(({ values }) => values)].map(String),
  );
  if (reply.code === 'CLOSED') return Math.max(1, Number(reply.values[0]));
  if (reply.code !== 'OK' && reply.code !== 'EPOCH') throw unknownReply('seed', reply);
  return 0;
}

async function readSeed(
  { seed, organization }: SeedingOptions,
  selection?: SettledSelection,
): Promise<GateSeed> {
  if (seed === undefined) return { lastSeq: 0, totals: [] };
  try {
    return await seed(selection);
  } catch (cause) {
    throw unavailable(`The counters of "${organization}" wait for the ledger, which does not answer`, cause);
  }
}

function currentPeriods(
  { calendar, clock }: SeedingOptions,
  { budgets }: ConfigurationSnapshot,
): { single: PinnedPeriod[]; ofValues: PinnedPeriod[] } {
  const nowMs = clock.nowMs();
  const periods = budgets.map((budget) => calendar(budget, nowMs));
  const [single, ofValues] = [false, true].map((is) => periods.filter((period) => isOfValues(period) === is));
  return { single: single ?? [], ofValues: ofValues ?? [] };
}

function newest(
  left: ConfigurationSnapshot | null,
  right: ConfigurationSnapshot | null,
): ConfigurationSnapshot | null {
  if (left === null || right === null) return left ?? right;
  return right.version > left.version ? right : left;
}

function budgetIdentity({ id, each, period, timeZone }: Budget): string {
  return `${id} ${each} ${period} ${timeZone}`;
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
