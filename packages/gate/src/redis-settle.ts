import type { ExtendReply, Hold, SettleReply } from '@tallygate/usage';
import type { Charge } from './amounts.ts';
import { entriesToText, holdFromRecord } from './attempt-record.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import { endLeased } from './leases/lease-endings.ts';
import { extendReplyFrom, settleReplyFrom } from './redis-replies.ts';
import { ask, type RedisSession, rebuilt, timeValues } from './redis-session.ts';
import { requireCharge, requireOwnHold, requireTtl } from './requests.ts';
import { settleQuestion } from './settle-question.ts';

/**
 * The end of a hold, and its extension. Keys are those that the hold pinned. Where the gate's own record names others, it
 * is right: the caller's copy speaks only for an attempt that the gate does not know.
 */

export async function endHold(
  session: RedisSession,
  asked: Hold,
  kind: 'settle' | 'release',
  charge: Charge,
): Promise<SettleReply> {
  const { organization, keys } = session;
  if (asked.leaseId !== undefined)
    return endLeased(session, asked, { kind, amountNanoUsd: charge.amountNanoUsd });
  requireOwnHold(organization, asked);
  requireCharge(charge);
  let entries: readonly PinnedPeriod[] = asked.entries;
  return ask(kind, async () => {
    const reply = await session.settle(settleQuestion(keys, asked, kind, charge, entries, session));
    if (await rebuilt(session, reply, entries)) return null;
    if (reply.code === 'PINNED') {
      entries = holdFromRecord(organization, asked.attemptId, reply.values[0] ?? '').entries;
      return null;
    }
    const answer = settleReplyFrom(reply, {
      organization,
      attemptId: asked.attemptId,
      kind,
      charge,
      entries,
    });
    session.vigil.ended(asked.attemptId, reply.code === 'AGAIN' ? null : answer.settlement.epoch);
    return answer;
  });
}

/** Of a part of a lease the whole lease is extended: its other parts live longer too, and end no later than they are ended. */
export async function extendHold(session: RedisSession, asked: Hold, ttlMs: number): Promise<ExtendReply> {
  const { leaseId, ...part } = asked;
  if (leaseId !== undefined) {
    const reply = await extendHold(session, { ...part, attemptId: leaseId }, ttlMs);
    if (reply.kind === 'ended') return reply;
    return { kind: 'extended', hold: { ...asked, expiryBucket: reply.hold.expiryBucket } };
  }
  const { organization, connection, keys } = session;
  requireOwnHold(organization, asked);
  requireTtl(ttlMs);
  let { entries } = asked;
  return ask('extend', async () => {
    const reply = await connection.run(
      'extend',
      [keys.state, keys.attempt(asked.attemptId), ...entries.map(({ key }) => keys.budget(key))],
      [
        ...timeValues(session),
        String(ttlMs),
        entriesToText(entries),
        ...entries.flatMap(({ periodStartMs, periodEndMs }) => [periodStartMs, periodEndMs].map(String)),
      ],
    );
    if (await rebuilt(session, reply, entries)) return null;
    if (reply.code === 'PINNED') {
      entries = holdFromRecord(organization, asked.attemptId, reply.values[0] ?? '').entries;
      return null;
    }
    const answer = extendReplyFrom(reply, organization, asked.attemptId);
    if (answer.kind === 'extended') session.vigil.held(answer.hold, ttlMs);
    return answer;
  });
}
