import {
  type Balance,
  type BudgetGate,
  type BudgetName,
  type ConfigurationSnapshot,
  runningOverrides,
  silentLogger,
} from '@tallygate/usage';
import { createAbandonedReserves } from './abandoned-reserves.ts';
import { NO_CHARGE } from './amounts.ts';
import { type BudgetPeriod, namedPeriods, UNKNOWN_PERIOD } from './budget-periods.ts';
import { within } from './deadlines.ts';
import { parseBudgetKey } from './keys.ts';
import { createLeasedGate } from './leases/leased-gate.ts';
import { noLedgerToRebuildFrom, publishedByOther, unavailable } from './outages.ts';
import type { Scripts } from './redis-connection.ts';
import { createRedisOutbox } from './redis-outbox.ts';
import { balancesFrom, unknownReply } from './redis-replies.ts';
import { reserveWithin } from './redis-reserve.ts';
import {
  ask,
  openRedisSession,
  type RedisGateOptions,
  type RedisSession,
  readTimeValues,
  rebuilt,
} from './redis-session.ts';
import { endHold, extendHold } from './redis-settle.ts';
import { requireSnapshot } from './requests.ts';
import { raisedPeriod } from './rules.ts';
import { sameBudgets, snapshotToJson } from './snapshots.ts';
import { thresholdsText } from './thresholds.ts';

const RESERVE_DEADLINE_MS = 50;
const SETTLE_DEADLINE_MS = 500;
/** A publication may have to ask the ledger about budgets that are new. */
const PUBLISH_DEADLINE_MS = 30_000;
/** Enough for one round trip to read them, few enough not to hold up other callers of a single-threaded server. */
const BALANCES_PER_SCRIPT = 200;

/**
 * The gate that processes share: counters in Redis, decided by scripts. Opening it connects and tries to read the
 * configuration; where counters must be rebuilt and the ledger does not answer, the gate is open and in outage.
 *
 * @throws TallygateError `TALLYGATE_GATE_UNAVAILABLE` when Redis does not answer, `TALLYGATE_CONFIGURATION_INVALID` for a
 *   Redis that evicts keys.
 */
export async function openRedisGate(options: RedisGateOptions): Promise<BudgetGate> {
  return openRedisGateWith(options);
}

/** The same with other texts of the scripts: tests put a clock of their own in the place of the server's. */
export async function openRedisGateWith(options: RedisGateOptions, scripts?: Scripts): Promise<BudgetGate> {
  const { reserveDeadlineMs = RESERVE_DEADLINE_MS, settleDeadlineMs = SETTLE_DEADLINE_MS } = options;
  const { clock, logger = silentLogger } = options;
  const session = await openRedisSession(options, scripts);
  const abandoned = createAbandonedReserves(clock, logger);
  session.connection.onReady(abandoned.retry);
  await session.liveSnapshot().catch((error: unknown) => {
    logger.warn('The budgets are not readable yet.', { reason: String(error) });
  });
  let closed = false;
  const whileOpen = async <Result>(question: () => Promise<Result>): Promise<Result> => {
    if (closed) throw unavailable('The gate was closed');
    return question();
  };
  const answer = <Result>(what: string, question: () => Promise<Result>, deadlineMs = settleDeadlineMs) =>
    whileOpen(() => within(deadlineMs, question(), what));
  const outbox = createRedisOutbox(session);
  const gate: BudgetGate = {
    reserve: (request) => whileOpen(() => reserveWithin(reserveDeadlineMs, session, abandoned, request)),
    settle: ({ hold, ...charge }) => answer('a settle', () => endHold(session, hold, 'settle', charge)),
    release: (hold) => answer('a release', () => endHold(session, hold, 'release', NO_CHARGE)),
    extend: (hold, ttlMs) => answer('an extend', () => extendHold(session, hold, ttlMs)),
    nowMs: () => answer('the time', () => readNowMs(session)),
    balances: (only) => answer('the balances', () => readBalances(session, only)),
    configuration: () => answer('the configuration', session.liveSnapshot),
    publish: (snapshot) => answer('a publication', () => publish(session, snapshot), PUBLISH_DEADLINE_MS),
    rebuild: () => answer('a rebuild', () => rebuildAll(session, options.seed), PUBLISH_DEADLINE_MS),
    outbox: {
      take: (most, forMs) => answer('alerts', () => outbox.take(most, forMs)),
      put: (alerts, forMs) => answer('alerts', () => outbox.put(alerts, forMs)),
      remove: (alerts) => answer('alerts', () => outbox.remove(alerts)),
      waiting: () => answer('alerts', outbox.waiting),
    },
    close: async () => {
      closed = true;
      session.vigil.close();
      await within(settleDeadlineMs, abandoned.settled(), 'what is being undone').catch(() => {});
      await session.connection.close();
    },
  };
  if (options.leases === undefined) return gate;
  const balances = (budgetKeys: readonly string[]) =>
    answer('the balances', () => readBalances(session, budgetKeys.map(parseBudgetKey)), reserveDeadlineMs);
  return createLeasedGate({ gate, session, settleDeadlineMs, balances }, options.leases);
}

/** As if Redis had lost them: that is how it is told to every other process. */
async function rebuildAll(
  { connection, keys, seeding }: RedisSession,
  seed: RedisGateOptions['seed'],
): Promise<void> {
  if (seed === undefined) throw noLedgerToRebuildFrom();
  const reply = await connection.run('pulse', [keys.state], ['', '']);
  if (reply.code !== 'OK' && reply.code !== 'EPOCH') throw unknownReply('pulse', reply);
  await seeding.begin(reply.values[0] ?? '');
}

async function readBalances(session: RedisSession, only?: readonly BudgetName[]): Promise<Balance[]> {
  let instantMs = session.clock.nowMs();
  return ask('read the balances', async () => {
    const snapshot = await session.lastSnapshot();
    const mayRun = runningOverrides(snapshot, session.passedMs());
    const running = mayRun.length === 0 ? [] : runningOverrides(snapshot, await readNowMs(session));
    const periods = namedPeriods(session.calendar, snapshot, only, instantMs).map((period) =>
      raisedPeriod(period, running),
    );
    const balances: Balance[] = [];
    // Asked even when there are no budgets here: another process may have published some.
    for (let at = 0; at === 0 || at < periods.length; at += BALANCES_PER_SCRIPT) {
      const some = periods.slice(at, at + BALANCES_PER_SCRIPT);
      const reply = await sendBalances(session, snapshot.version, some);
      if (await rebuilt(session, reply, some)) return null;
      if (reply.code === 'CONFIG') {
        await session.liveSnapshot();
        return null;
      }
      if (reply.code === 'PERIOD') {
        instantMs = Number(reply.values[0]);
        return null;
      }
      balances.push(...balancesFrom(reply, some));
    }
    return balances;
  });
}

async function readNowMs(session: RedisSession): Promise<number> {
  return ask('read the time', async () => {
    const { version } = await session.lastSnapshot();
    const reply = await sendBalances(session, version, [UNKNOWN_PERIOD]);
    if (await rebuilt(session, reply, [])) return null;
    if (reply.code === 'CONFIG') {
      await session.liveSnapshot();
      return null;
    }
    if (reply.code !== 'PERIOD') throw unknownReply('balances', reply);
    const nowMs = Number(reply.values[0]);
    session.notePassed(nowMs);
    return nowMs;
  });
}

function sendBalances(session: RedisSession, version: number, periods: readonly BudgetPeriod[]) {
  const { connection, keys } = session;
  return connection.run(
    'balances',
    [keys.state, ...periods.map(({ key }) => keys.budget(key))],
    [
      ...readTimeValues(session),
      String(version),
      ...periods.flatMap(({ periodStartMs, periodEndMs }) => [periodStartMs, periodEndMs].map(String)),
    ],
  );
}

async function publish(session: RedisSession, snapshot: ConfigurationSnapshot): Promise<void> {
  const { connection, keys, organization, seeding, logger } = session;
  requireSnapshot(organization, snapshot);
  const live = await session.liveSnapshot();
  // A change beside the budgets must not wait for a ledger: at night that may be what is down.
  if (!sameBudgets(live, snapshot)) {
    await seeding.prepare(snapshot).catch((error: unknown) => {
      logger.warn('New budgets wait for the ledger.', { reason: String(error) });
    });
  }
  await ask('publish', async () => {
    const reply = await connection.run(
      'publish',
      [keys.state],
      [String(snapshot.version), snapshotToJson(snapshot), thresholdsText(snapshot)],
    );
    if (await rebuilt(session, reply, [])) return null;
    if (reply.code === 'CONFIG') throw publishedByOther(Number(reply.values[0]), snapshot.version);
    if (reply.code !== 'OK') throw unknownReply('publish', reply);
    return reply;
  });
  session.notePublished(snapshot);
}
