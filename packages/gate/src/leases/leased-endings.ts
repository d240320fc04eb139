import type { ExtendReply, Hold, NanoUsd, SettleReply } from '@tallygate/usage';
import { requireAmount, requireOwnHold, requireTtl } from '../requests.ts';
import type { Ending } from '../settlements.ts';
import type { EndedAttempt, LeasedAttempt } from './attempts.ts';
import type { LeasedState } from './leased-state.ts';

/** Ends what this process admitted from a lease with the next batch; everything else is the gate's. */
export function endAttempt(
  state: LeasedState,
  asked: Hold,
  kind: Ending['kind'],
  amountNanoUsd: NanoUsd,
): Promise<SettleReply> {
  const { attempts, session } = state;
  const attempt = attempts.live.get(asked.attemptId);
  if (attempt === undefined) return endAgain(state, asked, kind, amountNanoUsd);
  try {
    if (asked !== attempt.hold) requireOwnHold(session.organization, asked);
    requireAmount('amountNanoUsd', amountNanoUsd);
  } catch (error) {
    return Promise.reject(error);
  }
  const reply = attempt.endings.end({ hold: attempt.hold, kind, amountNanoUsd });
  attempts.end(attempt, kind, reply);
  return reply;
}

async function endAgain(
  state: LeasedState,
  asked: Hold,
  kind: Ending['kind'],
  amountNanoUsd: NanoUsd,
): Promise<SettleReply> {
  const ended = state.attempts.ended(asked.attemptId);
  const before = ended === undefined ? null : await settlementOf(ended);
  const isDone = ended !== undefined && (ended.kind === 'settle' || kind === 'release');
  if (before !== null && isDone) return { outcome: 'duplicate', settlement: before.settlement };
  const hold = ended?.hold ?? asked;
  return kind === 'settle' ? state.gate.settle({ hold, amountNanoUsd }) : state.gate.release(hold);
}

/** Null when it is not known whether it was written: the gate finds out. */
async function settlementOf({ reply }: EndedAttempt): Promise<SettleReply | null> {
  return reply.catch(() => null);
}

/**
 * The lease lives on for as long as the attempt needs, and admits nothing more: what it held for others must not be idle for
 * that long.
 */
export async function extendAttempt(state: LeasedState, asked: Hold, ttlMs: number): Promise<ExtendReply> {
  const { gate, session, attempts, pools } = state;
  requireOwnHold(session.organization, asked);
  requireTtl(ttlMs);
  const attempt = attempts.live.get(asked.attemptId);
  if (attempt === undefined)
    return attempts.isOwn(asked.leaseId ?? '') ? { kind: 'ended' } : gate.extend(asked, ttlMs);
  const reply = await gate.extend(attempt.hold, ttlMs);
  if (reply.kind === 'extended') keep(attempt, reply.hold);
  await Promise.all([...pools.all()].map((pool) => pool.retire(attempt.lease)));
  return reply;
}

function keep(attempt: LeasedAttempt, { expiryBucket }: Hold): void {
  attempt.hold = { ...attempt.hold, expiryBucket };
}
