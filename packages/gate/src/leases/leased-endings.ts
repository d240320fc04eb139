import type { ExtendReply, Hold, SettleReply } from '@tallygate/usage';
import type { Charge } from '../amounts.ts';
import { requireCharge, requireOwnHold, requireTtl } from '../requests.ts';
import type { Ending } from '../settlements.ts';
import type { LeasedHold } from './leased-hold.ts';
import type { LeasedState } from './leased-state.ts';

/** Ends what this process admitted from a lease with the next batch; everything else is the gate's. */
export function endAttempt(
  state: LeasedState,
  asked: Hold,
  kind: Ending['kind'],
  charge: Charge,
): Promise<SettleReply> {
  const hold = state.attempts.of(asked);
  if (hold === undefined || hold.ending !== null) return endAgain(state, hold, asked, kind, charge);
  try {
    if (asked !== hold) requireOwnHold(state.session.organization, asked);
    requireCharge(charge);
  } catch (error) {
    return Promise.reject(error);
  }
  return hold.from.endings.end(hold, kind, charge.amountNanoUsd);
}

async function endAgain(
  { gate }: LeasedState,
  ended: LeasedHold | undefined,
  asked: Hold,
  kind: Ending['kind'],
  charge: Charge,
): Promise<SettleReply> {
  const before = ended === undefined ? null : await replyBefore(ended);
  const isDone = ended?.ending?.kind === 'settle' || kind === 'release';
  if (before !== null && isDone) return { outcome: 'duplicate', settlement: before.settlement };
  const hold = ended?.live ?? asked;
  return kind === 'settle' ? gate.settle({ ...charge, hold }) : gate.release(hold);
}

/** Null when it is not known whether it was written: the gate finds out. */
async function replyBefore(hold: LeasedHold): Promise<SettleReply | null> {
  const { ending, from } = hold;
  return ending === null ? null : from.endings.replyTo(hold, ending).catch(() => null);
}

/**
 * The lease lives on for as long as the attempt needs, and admits nothing more: what it held for others must not be idle for
 * that long.
 */
export async function extendAttempt(state: LeasedState, asked: Hold, ttlMs: number): Promise<ExtendReply> {
  const { gate, session, attempts, pools } = state;
  requireOwnHold(session.organization, asked);
  requireTtl(ttlMs);
  const hold = attempts.of(asked);
  if (hold === undefined || hold.ending !== null)
    return attempts.isOwn(asked.leaseId ?? '') ? { kind: 'ended' } : gate.extend(asked, ttlMs);
  const reply = await gate.extend(hold.live, ttlMs);
  if (reply.kind === 'extended') hold.live = reply.hold;
  await Promise.all([...pools.all()].map((pool) => pool.retire(hold.from.lease)));
  return reply;
}
