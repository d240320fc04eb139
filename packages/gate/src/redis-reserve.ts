import { randomBytes } from 'node:crypto';
import { type ReserveReply, type ReserveRequest, runningOverrides, TallygateError } from '@tallygate/usage';
import type { AbandonedReserves } from './abandoned-reserves.ts';
import { entriesToText, holdFromRecord } from './attempt-record.ts';
import { type BudgetPeriod, type PinnedPeriod, UNKNOWN_PERIOD, withPools } from './budget-periods.ts';
import { within } from './deadlines.ts';
import { pausedDenial } from './denials.ts';
import { unavailable } from './outages.ts';
import type { ScriptReply } from './redis-connection.ts';
import { reserveReplyFrom, unknownReply } from './redis-replies.ts';
import { ask, type RedisSession, rebuilt, timeValues } from './redis-session.ts';
import { requireReservable } from './requests.ts';
import { reserveQuestion } from './reserve-question.ts';
import { dependsOnOverrides, type Rules, rulesAt } from './rules.ts';

/** One call of `reserve`: what it has sent, so that it can be undone when nobody waits for it any more. */
interface Asking {
  /** Tells this call from another one for the same attempt: only its own hold may be undone. */
  readonly id: string;
  waiting: boolean;
  /** Periods of the last question that reached the connection; null before the first. */
  sent: readonly BudgetPeriod[] | null;
  /** The instant that names periods; the server corrects it. */
  instantMs: number;
  /** True when the server has named the instant. */
  isServerInstant: boolean;
}

/** Never equals a live version: the script then only says which one is, or that the attempt is known. */
const NO_VERSION = -1;
/** Drawn once, and counted from: a draw for each call took a tenth of the client's CPU. */
const PROCESS_ID = randomBytes(6).toString('base64url');
let asks = 0;

function newAskId(): string {
  asks += 1;
  return `${PROCESS_ID}${asks.toString(36)}`;
}

const NO_RULES: Rules = { periods: [], enforce: false, pause: null };

/**
 * Asks for the hold and waits no longer than the deadline. A caller that got no answer has no hold: what its question may
 * still bring about is undone behind its back.
 */
export async function reserveWithin(
  deadlineMs: number,
  session: RedisSession,
  abandoned: AbandonedReserves,
  request: ReserveRequest,
): Promise<ReserveReply> {
  requireReservable(request);
  const asking: Asking = {
    id: newAskId(),
    waiting: true,
    sent: null,
    instantMs: session.clock.nowMs(),
    isServerInstant: false,
  };
  const answer = ask('reserve', () => reserveOnce(session, request, asking));
  try {
    const reply = await within(deadlineMs, answer, 'a reserve');
    if (reply.kind === 'held') session.vigil.held(reply.hold, request.ttlMs);
    return reply;
  } catch (error) {
    asking.waiting = false;
    if (isOutage(error)) abandoned.awaited(undoOnceAnswered(session, abandoned, request, asking, answer));
    throw error;
  }
}

async function reserveOnce(
  session: RedisSession,
  request: ReserveRequest,
  asking: Asking,
): Promise<ReserveReply | null> {
  const { organization, connection, calendar } = session;
  const snapshot = await session.snapshot(request.configVersion);
  const isCurrent = snapshot.version === request.configVersion;
  if (isCurrent && !asking.isServerInstant && dependsOnOverrides(snapshot, request, session.passedMs()))
    return askInstant(session, request, asking);
  // Where the server was not asked for its instant, no override that concerns the call can be running.
  const running = asking.isServerInstant ? runningOverrides(snapshot, asking.instantMs) : [];
  const rules = isCurrent ? rulesAt(calendar, snapshot, request, asking.instantMs, running) : NO_RULES;
  const { pause } = rules;
  const periods = withPools(rules.periods);
  const asked = { ...request, enforce: rules.enforce };
  if (pause !== null && rules.enforce)
    return { kind: 'denied', denial: pausedDenial(pause, asked, asking.instantMs) };
  if (!asking.waiting) throw unavailable('Nobody waits for this reserve any more');
  if (!connection.isReady()) throw unavailable(`There is no connection to Redis at ${connection.server}`);
  asking.sent = periods;
  const version = isCurrent ? snapshot.version : NO_VERSION;
  const reply = await session.reserve(
    reserveQuestion(session.keys, asked, periods, { askId: asking.id, version }),
  );
  if (await rebuilt(session, reply, periods)) return null;
  const isNew = reply.code === 'HELD' || reply.code === 'SPLIT';
  if (isNew || reply.code === 'DENY') session.notePassed(Number(reply.values[0]));
  if (reply.code === 'PERIOD') return takeInstant(session, asking, reply);
  // This process was behind, not the caller: the next turn reads the configuration the caller knows.
  if (reply.code === 'CONFIG' && Number(reply.values[0]) === request.configVersion) return null;
  const answer = reserveReplyFrom(reply, organization, asked, periods);
  if (answer.kind !== 'held' || !isNew || pause === null) return answer;
  return { ...answer, wouldDeny: [pausedDenial(pause, asked, asking.instantMs), ...answer.wouldDeny] };
}

/**
 * Overrides end by the server's clock alone. A period that no instant lies in makes the script name its instant and write
 * nothing, after it has seen that the attempt is new and the configuration the live one.
 */
async function askInstant(
  session: RedisSession,
  request: ReserveRequest,
  asking: Asking,
): Promise<ReserveReply | null> {
  if (!session.connection.isReady())
    throw unavailable(`There is no connection to Redis at ${session.connection.server}`);
  const asked = { askId: asking.id, version: request.configVersion };
  const reply = await session.reserve(reserveQuestion(session.keys, request, [UNKNOWN_PERIOD], asked));
  if (await rebuilt(session, reply, [])) return null;
  if (reply.code === 'PERIOD') return takeInstant(session, asking, reply);
  return reserveReplyFrom(reply, session.organization, request, []);
}

function takeInstant(session: RedisSession, asking: Asking, reply: ScriptReply): null {
  asking.instantMs = Number(reply.values[0]);
  asking.isServerInstant = true;
  session.notePassed(asking.instantMs);
  return null;
}

/** Waits for the question first: only then it is known whether there is anything to undo, and nothing can overtake it. */
async function undoOnceAnswered(
  session: RedisSession,
  abandoned: AbandonedReserves,
  request: ReserveRequest,
  asking: Asking,
  answer: Promise<ReserveReply>,
): Promise<void> {
  const nothingHeld = await answer.then(
    (reply) => reply.kind !== 'held',
    () => asking.sent === null,
  );
  if (nothingHeld) return;
  abandoned.add({
    attemptId: request.attemptId,
    ttlMs: request.ttlMs,
    undo: () => undo(session, request.attemptId, asking.id, asking.sent ?? []),
  });
}

async function undo(
  session: RedisSession,
  attemptId: string,
  askId: string,
  periods: readonly PinnedPeriod[],
): Promise<void> {
  const { connection, keys, organization } = session;
  const attempt = keys.attempt(attemptId);
  let entries = periods;
  await ask('undo a reserve', async () => {
    const reply = await connection.run(
      'abandon',
      [keys.state, attempt, ...entries.map(({ key }) => keys.budget(key))],
      [...timeValues(session), askId, entriesToText(entries)],
    );
    if (reply.code === 'PINNED') {
      entries = holdFromRecord(organization, attemptId, reply.values[0] ?? '').entries;
      return null;
    }
    if (!['OK', 'KEPT', 'EPOCH'].includes(reply.code)) throw unknownReply('abandon', reply);
    return reply;
  });
}

/** Anything else was refused before it was sent. */
function isOutage(error: unknown): boolean {
  return TallygateError.isInstance(error) && error.code === 'TALLYGATE_GATE_UNAVAILABLE';
}
