import {
  type Clock,
  type ConfigurationSnapshot,
  type Logger,
  silentLogger,
  TallygateError,
} from '@tallygate/usage';
import { DEFAULT_BUCKET_MS } from './buckets.ts';
import { createPeriodCalendar, type PeriodCalendar, type PinnedPeriod } from './budget-periods.ts';
import { gatherQuestions, type Question } from './gathered-scripts.ts';
import { type RedisKeys, redisKeys } from './keys.ts';
import type { LeaseOptions } from './leases/leased-gate.ts';
import { unavailable } from './outages.ts';
import { connectRedis, type RedisConnection, type ScriptReply, type Scripts } from './redis-connection.ts';
import { requireKeeping } from './redis-keeping.ts';
import { unknownReply } from './redis-replies.ts';
import { createRedisSeeding, type RedisSeeding } from './redis-seeding.ts';
import { createRedisVigil, type RedisVigil } from './redis-vigil.ts';
import { DEFAULT_RECORD_GRACE_MS, type ReadSeed } from './seeds.ts';
import { snapshotFromJson } from './snapshots.ts';
import { hasBreaker } from './thresholds.ts';

/** What the operations of the gate in Redis work with. */

export interface RedisGateOptions {
  /** redis:// or rediss://, with user and password if it needs them. */
  url: string;
  organization: string;
  clock: Clock;
  logger?: Logger;
  /** How long a call waits for its hold. Default 50 ms. */
  reserveDeadlineMs?: number;
  /** How long everything else waits. Default 500 ms. */
  settleDeadlineMs?: number;
  /**
   * What the ledger knows, asked when Redis has lost its counters. Without it a first start begins at zero, and a loss that
   * happens later is an outage.
   */
  seed?: ReadSeed;
  /** Width of an expiry bucket: how much longer than its TTL a hold may live. Default one minute; the first gate decides. */
  bucketMs?: number;
  /** How long an ended attempt is remembered, so that repeating its settlement changes nothing. Default one hour. */
  recordGraceMs?: number;
  /** Budgets deny: a Redis whose counters may be gone after a crash is refused, where otherwise it is warned of. */
  enforced?: boolean;
  /** The operator answers for what Redis does not show, or has instead: that it never evicts, and that counters outlive a crash. */
  attested?: boolean;
  /** Admit in memory from money held for many calls at once. Off when absent. */
  leases?: LeaseOptions;
}

export interface RedisSession {
  readonly organization: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly connection: RedisConnection;
  readonly keys: RedisKeys;
  readonly calendar: PeriodCalendar;
  readonly seeding: RedisSeeding;
  readonly vigil: RedisVigil;
  readonly recordGraceMs: number;
  /** Ask the scripts of these names. */
  readonly reserve: (question: Question) => Promise<ScriptReply>;
  readonly settle: (question: Question) => Promise<ScriptReply>;
  /** The latest instant at which the server is known to have been; what ended before it is over. */
  readonly passedMs: () => number;
  readonly notePassed: (serverMs: number) => void;
  /** The snapshot of this version if this process has it or it is live, else the live one. */
  snapshot(version: number): Promise<ConfigurationSnapshot>;
  /** Whether the budget of the period has a breaker, by the newest snapshot that this process has read. */
  isPaced(periodKey: string): boolean;
  /** The newest that this process has read. A script says so when it is no longer the live one. */
  lastSnapshot(): Promise<ConfigurationSnapshot>;
  /** It is live now: should Redis lose it before anybody reads it, this process puts it back. */
  notePublished(snapshot: ConfigurationSnapshot): void;
  /** Asks Redis for the live snapshot. */
  liveSnapshot(): Promise<ConfigurationSnapshot>;
}

/** How far the clocks of a caller and of Redis may differ before holds live longer than they must. */
const MAX_SKEW_MS = 2_000;

/** Each turn answers one reason to ask again (period edge, other configuration, missing counter); more is a fault. */
const MAX_TURNS = 6;

export async function openRedisSession(options: RedisGateOptions, scripts?: Scripts): Promise<RedisSession> {
  const { organization, clock, logger = silentLogger, bucketMs = DEFAULT_BUCKET_MS } = options;
  const connection = await connectKept(options, logger, scripts);
  const keys = redisKeys(organization);
  const calendar = createPeriodCalendar();
  const recordGraceMs = options.recordGraceMs ?? DEFAULT_RECORD_GRACE_MS;
  const timeOfScripts = () => timeNumbers({ clock, recordGraceMs });
  let known: ConfigurationSnapshot | null = null;
  let passedMs = 0;
  const seeding = createRedisSeeding({
    ...{ organization, clock, logger, connection, keys, calendar, bucketMs, recordGraceMs },
    seed: options.seed,
    lastKnown: () => known,
    reassert: async () => void (await vigil.reassert()),
  });
  const vigil = createRedisVigil({
    ...{ clock, logger, connection, keys, recordGraceMs },
    timeValues: () => timeValues({ clock, recordGraceMs }),
    begin: seeding.begin,
    rebuild: seeding.rebuild,
    recount: seeding.recount,
    shipSettled: async () => void (await options.seed?.()),
  });
  const liveSnapshot = async (): Promise<ConfigurationSnapshot> => {
    known = await readSnapshot(connection, keys, seeding);
    return known;
  };
  let loading: Promise<ConfigurationSnapshot> | null = null;
  /** After a publication every caller misses at once, and a snapshot with its price book is large: one reads for all. */
  const load = (): Promise<ConfigurationSnapshot> => {
    loading ??= liveSnapshot().finally(() => {
      loading = null;
    });
    return loading;
  };
  const snapshot = async (version: number): Promise<ConfigurationSnapshot> =>
    known?.version === version ? known : load();
  const lastSnapshot = async (): Promise<ConfigurationSnapshot> => known ?? load();
  return {
    ...{ organization, clock, logger, connection, keys, calendar, seeding, vigil, recordGraceMs },
    reserve: gatherQuestions(connection, 'reserve', keys, timeOfScripts),
    settle: gatherQuestions(connection, 'settle', keys, timeOfScripts),
    passedMs: () => passedMs,
    notePassed(serverMs) {
      passedMs = Math.max(passedMs, serverMs);
    },
    notePublished(published) {
      known = published;
    },
    isPaced: (periodKey) => known !== null && hasBreaker(known, periodKey),
    snapshot,
    lastSnapshot,
    liveSnapshot,
  };
}

async function connectKept(
  { url, enforced = false, attested = false }: RedisGateOptions,
  logger: Logger,
  scripts?: Scripts,
): Promise<RedisConnection> {
  const connection = await connectRedis(url, logger, scripts);
  const { server } = connection;
  try {
    for (const keeping of connection.keeping)
      requireKeeping(keeping, { server, logger, isEnforced: enforced, isAttested: attested });
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Asks until there is an answer: `turn` returns null when it has dealt with the reason to ask again. */
export async function ask<Result>(what: string, turn: () => Promise<Result | null>): Promise<Result> {
  for (let turns = 0; turns < MAX_TURNS; turns++) {
    const result = await turn();
    if (result !== null) return result;
  }
  throw unavailable(`Redis still had something else to be done first after ${MAX_TURNS} tries to ${what}`);
}

type OfTime = Pick<RedisSession, 'clock' | 'recordGraceMs'>;

/** What every script that judges time begins with. */
function timeNumbers({ clock, recordGraceMs }: OfTime): number[] {
  return [clock.nowMs(), MAX_SKEW_MS, recordGraceMs];
}

/** The same for a script that takes each as a value. */
export function timeValues(session: OfTime): string[] {
  return timeNumbers(session).map(String);
}

/** The first values of the scripts that only read. */
export function readTimeValues({ clock }: RedisSession): string[] {
  return [clock.nowMs(), MAX_SKEW_MS].map(String);
}

/** True when the reply said that counters are missing; they are there now. */
export async function rebuilt(
  { seeding }: RedisSession,
  reply: ScriptReply,
  periods: readonly PinnedPeriod[],
): Promise<boolean> {
  if (reply.code === 'EPOCH') await seeding.begin('');
  else if (reply.code === 'SEED') await seeding.rebuild(periods);
  else return false;
  return true;
}

async function readSnapshot(
  connection: RedisConnection,
  keys: RedisKeys,
  seeding: RedisSeeding,
): Promise<ConfigurationSnapshot> {
  return ask('read the configuration', async () => {
    const reply = await connection.run('configuration', [keys.state], []);
    if (reply.code === 'EPOCH') {
      await seeding.begin('');
      return null;
    }
    if (reply.code !== 'OK') throw unknownReply('configuration', reply);
    return decodeSnapshot(reply.values[0] ?? '');
  });
}

function decodeSnapshot(text: string): ConfigurationSnapshot {
  try {
    return snapshotFromJson(text);
  } catch (error) {
    if (TallygateError.isInstance(error)) throw error;
    throw unavailable(
      'Redis holds a configuration that this version cannot read',
      undefined,
      'Upgrade every process that shares this Redis to the version that published it.',
    );
  }
}
