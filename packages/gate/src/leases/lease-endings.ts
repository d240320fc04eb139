import type { Hold, NanoUsd, SettleReply } from '@tallygate/usage';
import { entriesToText, holdFromRecord } from '../attempt-record.ts';
import { unavailable } from '../outages.ts';
import type { ScriptReply } from '../redis-connection.ts';
import { unknownReply } from '../redis-replies.ts';
import { ask, type RedisSession, rebuilt, timeValues } from '../redis-session.ts';
import type { EndedPart } from '../redis-vigil.ts';
import { outOfRange, requireAmount, requireOwnHold } from '../requests.ts';
import { pinnedText } from '../settle-question.ts';
import { type Ending, outcomeOfLive } from '../settlements.ts';

/** How one attempt of a lease ends, and its place among those that end with it. */
export interface LeasedEnding {
  readonly kind: Ending['kind'];
  readonly amountNanoUsd: NanoUsd;
  readonly position: number;
}

/** Endings that go to the gate at once, and what the lease gives back for them and beside them. */
export interface EndingBatch {
  /** Unique in the lease: a batch that is sent twice counts once. */
  readonly number: number;
  /** Of each ending, as `itemOf` writes it, by colons. */
  readonly items: string;
  readonly count: number;
  /** Of all charges. */
  readonly amountNanoUsd: NanoUsd;
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
  AGAIN: 'duplicate',
};

/** @returns null when the attempts of the batch have to be ended one by one. */
export async function endBatch(
  session: RedisSession,
  lease: Hold,
  batch: EndingBatch,
): Promise<EndedBatch | null> {
  const reply = await send(session, lease, batch);
  if (reply.code === 'SPLIT' || reply.code === 'RANGE') return null;
  const ended = endedFrom(reply);
  const field = batch.count === 0 ? null : String(batch.number);
  session.vigil.endedInLease({
    leaseId: lease.attemptId,
    ...partOf(batch),
    written: writtenAt(field, ended),
  });
  return ended;
}

/** Ends one attempt of a lease, whoever holds the lease and whatever was done before. */
export async function endLeased(
  session: RedisSession,
  hold: Hold,
  { kind, amountNanoUsd }: Omit<LeasedEnding, 'position'>,
): Promise<SettleReply> {
  requireOwnHold(session.organization, hold);
  requireAmount('amountNanoUsd', amountNanoUsd);
  const ending = { kind, amountNanoUsd, position: 0 };
  const lease = { ...hold, attemptId: hold.leaseId ?? '' };
  const alone = batchOfOne(hold, ending);
  const reply = await send(session, lease, alone);
  const [first = '', instant = '', epoch = '', state, charge = ''] = reply.values;
  if (reply.code === 'DUP') {
    const before: LeasedEnding = {
      kind: state === 'S' ? 'settle' : 'release',
      amountNanoUsd: BigInt(charge),
      position: 0,
    };
    const ended = { outcome: null, firstSeq: Number(first), settledAtMs: Number(instant), epoch };
    return { ...replyOf(hold, before, ended), outcome: 'duplicate' };
  }
  if (reply.code === 'RANGE') throw outOfRange(hold.entries[Number(first) - 1]?.key ?? 'a budget');
  const ended = endedFrom(reply);
  const written = writtenAt(`${stateOf(kind)}:${hold.attemptId}`, ended);
  session.vigil.endedInLease({ leaseId: lease.attemptId, ...partOf(alone), written });
  return replyOf(hold, ending, ended);
}

/** Budgets of leases are in USD: each is charged the same amount. */
export function replyOf(
  { attemptId, organization, budgetInstantMs, entries }: Hold,
  { kind, amountNanoUsd, position }: LeasedEnding,
  { outcome, firstSeq, settledAtMs, epoch }: EndedBatch,
): SettleReply {
  return {
    outcome: outcome ?? outcomeOfLive(kind),
    settlement: {
      attemptId,
      organization,
      kind,
      epoch,
      seq: firstSeq + position,
      budgetInstantMs,
      settledAtMs,
      entries: entries.map(({ key }) => ({ key, amount: amountNanoUsd })),
    },
  };
}

/** As the script takes it. */
export function itemOf({ attemptId }: Hold, { kind, position, amountNanoUsd }: LeasedEnding): string {
  return `${stateOf(kind)}:${attemptId}:${position}:${amountNanoUsd}`;
}

function batchOfOne(hold: Hold, ending: LeasedEnding): EndingBatch {
  const [{ expected, worst } = { expected: 0n, worst: 0n }] = hold.entries;
  return {
    number: ALONE,
    items: itemOf(hold, ending),
    count: 1,
    amountNanoUsd: ending.amountNanoUsd,
    expectedNanoUsd: expected,
    worstNanoUsd: worst,
  };
}

function endedFrom(reply: ScriptReply): EndedBatch {
  const outcome = OUTCOMES[reply.code];
  const [first = '', instant = '', epoch = ''] = reply.values;
  if (outcome === undefined) throw unknownReply('endings', reply);
  return { outcome, firstSeq: Number(first), settledAtMs: Number(instant), epoch };
}

async function send(session: RedisSession, lease: Hold, batch: EndingBatch): Promise<ScriptReply> {
  const { organization, connection, keys } = session;
  const { attemptId: leaseId } = lease;
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
        Buffer.from(batch.items),
        ...[batch.count, batch.amountNanoUsd, batch.expectedNanoUsd, batch.worstNanoUsd].map(String),
        entriesToText(entries),
        pinnedText(lease, session),
        ...entries.flatMap(({ periodStartMs, periodEndMs }) => [periodStartMs, periodEndMs].map(String)),
      ],
    );
    if (await rebuilt(session, reply, entries)) return null;
    if (reply.code !== 'PINNED') return reply;
    entries = holdFromRecord(organization, leaseId, reply.values[0] ?? '').entries;
    return null;
  });
}

function stateOf(kind: Ending['kind']): 'S' | 'V' {
  return kind === 'settle' ? 'S' : 'V';
}

/** Null where Redis need not have written it. */
function writtenAt(field: string | null, { outcome, epoch }: EndedBatch): EndedPart['written'] {
  return field === null || outcome === 'duplicate' ? null : { field, epoch };
}

/** What the lease does not hold any more. */
function partOf({ expectedNanoUsd, worstNanoUsd }: EndingBatch) {
  return { expectedNanoUsd, worstNanoUsd };
}
