import type { ExtendReply, Hold, SettleReply } from '@tallygate/usage';
import type { Charge } from '../amounts.ts';
import { requireCharge, requireOwnHold, requireTtl } from '../requests.ts';
import type { Ending } from '../settlements.ts';
import type { LeasedAttempt } from './attempts.ts';
import type { LeasedState } from './leased-state.ts';

/** Ends what this process admitted from a lease with the next batch; everything else is the gate's. */
export function endAttempt(
  state: LeasedState,
  asked: Hold,
  kind: Ending['kind'],
  charge: Charge,
): Promise<SettleReply> {
  const { attempts, session } = state;
  const attempt = attempts.get(asked.attemptId);
  if (attempt === undefined || attempt.ending !== null) return endAgain(state, attempt, asked, kind, charge);
  const { hold, from } = attempt;
  try {
    if (asked !== hold) requireOwnHold(session.organization, asked);
    requireCharge(charge);
  } catch (error) {
    return Promise.reject(error);
  }
  attempt.ending = from.endings.end({ hold, kind, amountNanoUsd: charge.amountNanoUsd });
  return from.endings.replyTo(attempt.ending);
}

async function endAgain(
  { gate }: LeasedState,
  ended: LeasedAttempt | undefined,
  asked: Hold,
  kind: Ending['kind'],
  charge: Charge,
): Promise<SettleReply> {
  const before = ended === undefined ? null : await replyBefore(ended);
  const isDone = ended?.ending?.kind === 'settle' || kind === 'release';
  if (before !== null && isDone) return { outcome: 'duplicate', settlement: before.settlement };
  const hold = ended?.hold ?? asked;
  return kind === 'settle' ? gate.settle({ hold, ...charge }) : gate.release(hold);
}

/** Null when it is not known whether it was written: the gate finds out. */
async function replyBefore({ from, ending }: LeasedAttempt): Promise<SettleReply | null> {
  return ending === null ? null : from.endings.replyTo(ending).catch(() => null);
}

/**
 * The lease lives on for as long as the attempt needs, and admits nothing more: what it held for others must not be idle for
 * that long.
 */
export async function extendAttempt(state: LeasedState, asked: Hold, ttlMs: number): Promise<ExtendReply> {
  const { gate, session, attempts, pools } = state;
  requireOwnHold(session.organization, asked);
  requireTtl(ttlMs);
  const attempt = attempts.get(asked.attemptId);
  if (attempt === undefined || attempt.ending !== null)
    return attempts.isOwn(asked.leaseId ?? '') ? { kind: 'ended' } : gate.extend(asked, ttlMs);
  const reply = await gate.extend(attempt.hold, ttlMs);
  if (reply.kind === 'extended') keep(attempt, reply.hold);
  await Promise.all([...pools.all()].map((pool) => pool.retire(attempt.from.lease)));
  return reply;
}

function keep(attempt: LeasedAttempt, { expiryBucket }: Hold): void {
  attempt.hold = { ...attempt.hold, expiryBucket };
}
