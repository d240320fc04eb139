import type { Hold, NanoUsd, SettleReply } from '@tallygate/usage';
import { entriesToText, holdFromRecord } from '../attempt-record.ts';
import { unavailable } from '../outages.ts';
import type { ScriptReply } from '../redis-connection.ts';
import { unknownReply } from '../redis-replies.ts';
import { ask, type RedisSession, rebuilt, timeValues } from '../redis-session.ts';
import { outOfRange, requireAmount, requireOwnHold } from '../requests.ts';
import { type Ending, outcomeOfLive, settlementOf } from '../settlements.ts';

/** How one attempt of a lease ends. */
export interface LeasedEnding {
  readonly hold: Hold;
  readonly kind: Ending['kind'];
  readonly amountNanoUsd: NanoUsd;
}

/** Endings that go to the gate at once, and what the lease gives back for them and beside them. */
export interface EndingBatch {
  /** Unique in the lease: a batch that is sent twice counts once. */
  readonly number: number;
  readonly endings: readonly LeasedEnding[];
  readonly expectedNanoUsd: NanoUsd;
  readonly worstNanoUsd: NanoUsd;
}

/** What was written for a batch; null when each has to be ended alone, because of one among them. */
export interface EndedBatch {
  outcome: SettleReply['outcome'] | null;
  firstSeq: number;
  settledAtMs: number;
  epoch: string;
}

const ALONE = 0;
const OUTCOMES: Partial<Record<string, SettleReply['outcome'] | null>> = {
  OK: null,
  LATE: 'late',
  REOPEN: 'reopened',
  ORPHAN: 'orphan',
};

/** @returns null when the attempts of the batch have to be ended one by one. */
export async function endBatch(
  session: RedisSession,
  lease: Hold,
  batch: EndingBatch,
): Promise<EndedBatch | null> {
  const reply = await send(session, lease, batch);
  if (reply.code === 'SPLIT' || reply.code === 'RANGE') return null;
  return noteEnded(session, lease, batch, endedFrom(reply));
}

/** Ends one attempt of a lease, whoever holds the lease and whatever was done before. */
export async function endLeased(session: RedisSession, ending: LeasedEnding): Promise<SettleReply> {
  const { hold, amountNanoUsd } = ending;
  requireOwnHold(session.organization, hold);
  requireAmount('amountNanoUsd', amountNanoUsd);
  const [{ expected, worst } = { expected: 0n, worst: 0n }] = hold.entries;
  const lease = { ...hold, attemptId: hold.leaseId ?? '' };
  const alone = { number: ALONE, endings: [ending], expectedNanoUsd: expected, worstNanoUsd: worst };
  const reply = await send(session, lease, alone);
  const [first = '', instant = '', epoch = '', state, charge = ''] = reply.values;
  if (reply.code === 'DUP') {
    const before: LeasedEnding = {
      hold,
      kind: state === 'S' ? 'settle' : 'release',
      amountNanoUsd: BigInt(charge),
    };
    const ended = { outcome: null, firstSeq: Number(first), settledAtMs: Number(instant), epoch };
    return { ...replyOf(before, ended, 0), outcome: 'duplicate' };
  }
  if (reply.code === 'RANGE') throw outOfRange(hold.entries[Number(first) - 1]?.key ?? 'a budget');
  return replyOf(ending, noteEnded(session, lease, alone, endedFrom(reply)), 0);
}

export function replyOf(
  { hold, kind, amountNanoUsd }: LeasedEnding,
  ended: EndedBatch,
  position: number,
): SettleReply {
  const { attemptId, organization, budgetInstantMs, entries } = hold;
  const { outcome, firstSeq, settledAtMs, epoch } = ended;
  return {
    outcome: outcome ?? outcomeOfLive(kind),
    settlement: settlementOf(
      { attemptId, organization, epoch },
      { kind, seq: firstSeq + position, budgetInstantMs, settledAtMs, charge: { amountNanoUsd }, entries },
    ),
  };
}

function endedFrom(reply: ScriptReply): EndedBatch {
  const outcome = OUTCOMES[reply.code];
  const [first = '', instant = '', epoch = ''] = reply.values;
  if (outcome === undefined) throw unknownReply('endings', reply);
  return { outcome, firstSeq: Number(first), settledAtMs: Number(instant), epoch };
}

/** The lease holds less from now on; and Redis must still know what ended, under the field that its script writes. */
function noteEnded(
  { vigil }: RedisSession,
  { attemptId: leaseId }: Hold,
  { number, endings, expectedNanoUsd, worstNanoUsd }: EndingBatch,
  ended: EndedBatch,
): EndedBatch {
  const [first] = endings;
  const field = number === ALONE && first !== undefined ? markOf(first) : String(number);
  const written = first === undefined ? null : { field, epoch: ended.epoch };
  vigil.endedInLease({ leaseId, expectedNanoUsd, worstNanoUsd, written });
  return ended;
}

async function send(session: RedisSession, lease: Hold, batch: EndingBatch): Promise<ScriptReply> {
  const { organization, connection, keys } = session;
  const { attemptId: leaseId } = lease;
  const amountNanoUsd = batch.endings.reduce((sum, ending) => sum + ending.amountNanoUsd, 0n);
  const items = batch.endings.flatMap(itemParts).join(':');
  let { entries } = lease;
  return ask('end leased attempts', async () => {
    if (!connection.isReady()) throw unavailable(`There is no connection to Redis at ${connection.server}`);
    const reply = await connection.run(
      'endings',
      [
        keys.state,
        keys.attempt(leaseId),
        keys.endings(leaseId),
        keys.outbox,
        ...entries.map(({ key }) => keys.budget(key)),
      ],
      [
        ...timeValues(session),
        batch.number === ALONE ? '' : String(batch.number),
        items,
        ...[batch.endings.length, amountNanoUsd, batch.expectedNanoUsd, batch.worstNanoUsd].map(String),
        entriesToText(entries),
        ...entries.flatMap(({ periodStartMs, periodEndMs }) => [periodStartMs, periodEndMs].map(String)),
      ],
    );
    if (await rebuilt(session, reply, entries)) return null;
    if (reply.code !== 'PINNED') return reply;
    entries = holdFromRecord(organization, leaseId, reply.values[0] ?? '').entries;
    return null;
  });
}

function itemParts(ending: LeasedEnding, position: number) {
  return [markOf(ending), position, ending.amountNanoUsd];
}

function markOf({ hold, kind }: LeasedEnding): string {
  return `${kind === 'settle' ? 'S' : 'V'}:${hold.attemptId}`;
}
