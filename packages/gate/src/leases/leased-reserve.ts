import {
  type Budget,
  budgetCovers,
  budgetsFor,
  type Denial,
  type Hold,
  isEnforced,
  type ReserveReply,
  type ReserveRequest,
} from '@tallygate/usage';
import { budgetKey } from '../keys.ts';
import { requireReservable } from '../requests.ts';
import { forgetAll, type LeasedState } from './leased-state.ts';

/** Calls that wait for one lease together get a part each, so that a storm of them is through after a few. */
const MOST_REFILLS = 8;
const MOST_RECALLS = 16;
/** A lease's hold lives as long as its calls may: with a batch's, idle money of a dead process would be held for a day. */
const LONGEST_TTL_MS = 3_600_000;
const UUID_LENGTH = 36;
const VERSION_AT = 14;

/** Admits from a lease where there is one, without asking anybody; else waits for one, or asks the gate. */
export function reserveLeased(state: LeasedState, request: ReserveRequest): Promise<ReserveReply> {
  try {
    requireReservable(request);
  } catch (error) {
    return Promise.reject(error);
  }
  const hold = isOwnId(request.attemptId) ? holdFromLease(state, request) : null;
  if (hold !== null) return Promise.resolve(heldBy(hold));
  return state.asking.get(request.attemptId) ?? startAsking(state, request);
}

/** What the attempt was given before, or is given now; null where no lease can admit it at once. */
function holdFromLease(state: LeasedState, request: ReserveRequest): Hold | null {
  const { attempts, asking, pools } = state;
  const { attemptId } = request;
  if (!attempts.isFirst(attemptId)) {
    const known = attempts.get(attemptId);
    if (known !== undefined) return known.live;
    if (attempts.wasAsked(attemptId) || asking.has(attemptId)) return null;
  }
  const admitted = isOfLeases(state, request) ? pools.of(request)?.admit(request) : null;
  if (!admitted) return null;
  attempts.add(admitted);
  return admitted;
}

/** Apart from the admission, which would pay for the closure. */
function startAsking(state: LeasedState, request: ReserveRequest): Promise<ReserveReply> {
  const { attemptId } = request;
  const asked = admitLater(state, request).finally(() => state.asking.delete(attemptId));
  state.asking.set(attemptId, asked);
  return asked;
}

async function admitLater(state: LeasedState, request: ReserveRequest): Promise<ReserveReply> {
  if (isLeasable(state, request) && state.pools.of(request) === undefined) await learn(state, request);
  for (let refills = 0; refills < MOST_REFILLS && isLeasable(state, request); refills += 1) {
    const pool = state.pools.of(request);
    if (pool === undefined || !(await pool.refill(request))) break;
    const admitted = pool.admit(request);
    if (admitted === null) continue;
    state.attempts.add(admitted);
    return heldBy(admitted);
  }
  state.attempts.ask(request.attemptId);
  return askGate(state, request);
}

/** Asks for this call alone. A denial is final when no lease has money that could come back. */
async function askGate(state: LeasedState, request: ReserveRequest): Promise<ReserveReply> {
  const { gate, session } = state;
  for (let recalls = 0; recalls < MOST_RECALLS; recalls += 1) {
    const askedMs = session.clock.monotonicMs();
    const reply = await gate.reserve({ ...request, enforce: true });
    if (reply.kind !== 'denied') {
      const version = reply.kind === 'outdated' ? reply.version : request.configVersion;
      if (version > state.pools.version()) await forgetAll(state, version);
      return reply;
    }
    if (await mayComeBack(state, request, reply.denial, askedMs)) continue;
    return request.enforce ? reply : gate.reserve(request);
  }
  return gate.reserve(request);
}

/** Idle money of the budget that said no; a batch may have asked for several of one with `each`. */
async function mayComeBack(
  { session, recall }: LeasedState,
  request: ReserveRequest,
  { budgetId }: Denial,
  askedMs: number,
): Promise<boolean> {
  const { budgets } = await session.lastSnapshot();
  const denying = keysFor(
    budgets.filter(({ id }) => id === budgetId),
    request,
  );
  const answers = await Promise.all(denying.map((key) => recall.mayComeBack(key, askedMs)));
  return answers.includes(true);
}

/** Which budgets cover a call like this one. Where the configuration cannot be read, the gate says what that means. */
async function learn({ pools, session }: LeasedState, request: ReserveRequest): Promise<void> {
  if (request.configVersion !== pools.version()) return;
  const snapshot = await session.snapshot(request.configVersion).catch(() => null);
  if (snapshot?.version !== request.configVersion) return;
  const budgets = snapshot.budgets.filter((budget) => budgetCovers(budget, request));
  if (budgets.every(isLeased)) pools.learn(request, keysFor(budgets, request));
}

function keysFor(budgets: readonly Budget[], request: ReserveRequest): string[] {
  return budgets.flatMap((budget) => budgetsFor(budget, request)).map(budgetKey);
}

/**
 * What would have been denied, or is spent too fast, is only known where every call is asked for, and so is how a call is shared with
 * a pool; and a lease is money.
 */
function isLeased(budget: Budget): boolean {
  const { measure = 'usd', pool, velocity } = budget;
  return isEnforced(budget) && measure === 'usd' && pool === undefined && velocity === undefined;
}

/**
 * Made by its process for one attempt. Ids that others can make again, as those of batch items, are the gate's to compare; one with
 * a colon would be two where endings are sent together. A pattern would be a twentieth of an admission.
 */
function isOwnId(attemptId: string): boolean {
  return attemptId.length === UUID_LENGTH && attemptId[VERSION_AT] === '7' && !attemptId.includes(':');
}

function isLeasable(state: LeasedState, request: ReserveRequest): boolean {
  const { attemptId } = request;
  return isOfLeases(state, request) && isOwnId(attemptId) && !state.attempts.wasAsked(attemptId);
}

function isOfLeases({ isClosed }: LeasedState, { worstNanoUsd, ttlMs }: ReserveRequest): boolean {
  return !isClosed && worstNanoUsd > 0n && ttlMs <= LONGEST_TTL_MS;
}

function heldBy(hold: Hold): ReserveReply {
  return { kind: 'held', hold, wouldDeny: [] };
}
