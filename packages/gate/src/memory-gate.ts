import {
  type Balance,
  type BudgetGate,
  type BudgetName,
  type ConfigurationSnapshot,
  type ExtendReply,
  type Hold,
  type ReserveReply,
  type ReserveRequest,
  runningOverrides,
  silentLogger,
} from '@tallygate/usage';
import { fitsCounter, type Standing, shownHeld } from './admission.ts';
import { askedIn, NO_CHARGE } from './amounts.ts';
import { expiryBucket } from './buckets.ts';
import { type BudgetPeriod, namedPeriods } from './budget-periods.ts';
import { decisiveRefusal, denialFrom, pausedDenial, type Refusal } from './denials.ts';
import { measureOf } from './keys.ts';
import { announceRunning } from './memory-announcements.ts';
import { endAttempt, endedHold } from './memory-endings.ts';
import { paceRefusal } from './memory-paces.ts';
import {
  createMemoryState,
  liftHold,
  type MemoryGateOptions,
  type MemoryState,
  passTime,
  placeHold,
  readTime,
} from './memory-state.ts';
import { noLedgerToRebuildFrom, publishedByOther, unavailable } from './outages.ts';
import { entriesOf, type Placing, placeOn } from './pools.ts';
import { outOfRange, requireOwnHold, requireReservable, requireSnapshot, requireTtl } from './requests.ts';
import { raisedPeriod, rulesAt } from './rules.ts';
import { sameSnapshot } from './snapshots.ts';

/**
 * The gate of the embedded owner. One process, one thread: every method decides without awaiting, so that what Redis gets
 * from a script comes here from the event loop. The counters die with the process and are rebuilt from the ledger.
 */
export function createMemoryGate(options: MemoryGateOptions): BudgetGate {
  const state = createMemoryState(options);
  const { logger = silentLogger } = options;
  announceRunning(state, options.seed?.totals.map(({ key }) => key) ?? []);
  logger.debug('Gate opened in process.', { organization: state.organization, version: state.live.version });
  let closed = false;
  const answer = async <Result>(decide: () => Result | Promise<Result>): Promise<Result> => {
    if (closed) throw unavailable('The gate was closed');
    return decide();
  };
  return {
    reserve: (request) => answer(() => reserve(state, request)),
    settle: (request) => answer(() => endAttempt(state, request.hold, 'settle', request)),
    release: (hold) => answer(() => endAttempt(state, hold, 'release', NO_CHARGE)),
    extend: (hold, ttlMs) => answer(() => extend(state, hold, ttlMs)),
    nowMs: () => answer(() => state.clock.nowMs()),
    balances: (only) => answer(() => balances(state, only)),
    configuration: () => answer(() => structuredClone(state.live)),
    publish: (snapshot) => answer(() => publish(state, snapshot)),
    rebuild: () => Promise.reject(noLedgerToRebuildFrom()),
    outbox: {
      take: (most, forMs) => answer(() => state.outbox.take(most, forMs)),
      put: (alerts, forMs) => answer(() => state.outbox.put(alerts, forMs)),
      remove: (alerts) => answer(() => state.outbox.remove(alerts)),
      waiting: () => answer(state.outbox.waiting),
    },
    close: async () => {
      closed = true;
    },
  };
}

function reserve(state: MemoryState, request: ReserveRequest): ReserveReply {
  requireReservable(request);
  const known = state.holds.get(request.attemptId) ?? endedHold(state, request.attemptId);
  if (known !== undefined) return { kind: 'held', hold: known, wouldDeny: [] };
  if (request.configVersion !== state.live.version) return { kind: 'outdated', version: state.live.version };
  const time = readTime(state);
  const { nowMs, current } = time;
  const { periods, enforce, pause } = rulesAt(
    state.calendar,
    state.live,
    request,
    nowMs,
    runningOverrides(state.live, nowMs),
  );
  const asked = enforce === request.enforce ? request : { ...request, enforce };
  const paused = pause === null ? [] : [pausedDenial(pause, asked, nowMs)];
  const placings = periods.map((period) => placeOn(standingOf(state, period, request, time), state.bucketMs));
  const refusals = refusalsOf(state, placings, nowMs);
  if (enforce && paused[0] !== undefined) return { kind: 'denied', denial: paused[0] };
  const decisive = enforce ? decisiveRefusal(refusals) : undefined;
  if (decisive !== undefined) return { kind: 'denied', denial: denialFrom(decisive, asked, nowMs) };
  requireRoom(placings);
  passTime(state, nowMs, current);
  const hold: Hold = {
    attemptId: request.attemptId,
    organization: state.organization,
    epoch: state.epoch,
    budgetInstantMs: nowMs,
    expiryBucket: expiryBucket(nowMs, request.ttlMs, state.bucketMs, state.watermark),
    entries: entriesOf(placings),
  };
  placeHold(state, hold);
  const wouldDeny = [...paused, ...refusals.map((refusal) => denialFrom(refusal, asked, nowMs))];
  return { kind: 'held', hold, wouldDeny };
}

function standingOf(
  state: MemoryState,
  period: BudgetPeriod,
  request: ReserveRequest,
  time: ReturnType<typeof readTime>,
): Standing {
  const { counters } = state;
  const { key } = period;
  const standing: Standing = {
    period,
    spent: counters.spent(key, time.atMs),
    held: counters.held(key, time.current),
    asked: askedIn(measureOf(key), request),
    leftAtMs: (amount) => counters.leftAtMs(period, amount, time.atMs),
  };
  if (period.pool !== undefined) standing.pool = standingOf(state, period.pool, request, time);
  return standing;
}

/** The breaker of a budget comes first. */
function refusalsOf(state: MemoryState, placings: readonly Placing[], nowMs: number): Refusal[] {
  const refusals: Refusal[] = [];
  for (const { standing, refusal } of placings) {
    const tripped = paceRefusal(state, standing.period, standing.asked.worst, nowMs);
    if (tripped !== null) refusals.push(tripped);
    if (refusal !== null) refusals.push(refusal);
  }
  return refusals;
}

/** What a share of a call is held on still has room for it; only what is held although it does not fit can be too much. */
function requireRoom(placings: readonly Placing[]): void {
  const full = placings.find(
    ({ share, standing: { held, asked } }) => share === null && !fitsCounter(held, asked),
  );
  if (full !== undefined) throw outOfRange(full.standing.period.key);
}

function extend(state: MemoryState, asked: Hold, ttlMs: number): ExtendReply {
  requireOwnHold(state.organization, asked);
  requireTtl(ttlMs);
  const held = state.holds.get(asked.attemptId);
  const { nowMs, current } = readTime(state);
  if (held === undefined || held.expiryBucket < current) return { kind: 'ended' };
  passTime(state, nowMs, current);
  const bucket = expiryBucket(nowMs, ttlMs, state.bucketMs, state.watermark);
  const hold = { ...held, expiryBucket: bucket };
  liftHold(state, held);
  placeHold(state, hold);
  return { kind: 'extended', hold };
}

function balances(state: MemoryState, only?: readonly BudgetName[]): Balance[] {
  const { nowMs, current, atMs } = readTime(state);
  const running = runningOverrides(state.live, nowMs);
  return namedPeriods(state.calendar, state.live, only, nowMs).map((asFiled) => {
    const period = raisedPeriod(asFiled, running);
    const { budget, key, periodStartMs, periodEndMs } = period;
    return {
      budget,
      periodStartMs,
      periodEndMs,
      spent: state.counters.spent(key, atMs),
      held: shownHeld(state.counters.held(key, current)),
    };
  });
}

function publish(state: MemoryState, snapshot: ConfigurationSnapshot): void {
  requireSnapshot(state.organization, snapshot);
  if (sameSnapshot(snapshot, state.live)) return;
  if (snapshot.version !== state.live.version + 1) {
    throw publishedByOther(state.live.version, snapshot.version);
  }
  state.live = structuredClone(snapshot);
}
