import type { ExtendReply, Hold, NanoUsd, SettleReply } from '@tallygate/usage';
import { entriesToText, holdFromRecord } from './attempt-record.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import { endLeased } from './leases/lease-endings.ts';
import { limbs } from './limbs.ts';
import { extendReplyFrom, settleReplyFrom } from './redis-replies.ts';
import { ask, type RedisSession, rebuilt, timeValues } from './redis-session.ts';
import { requireAmount, requireOwnHold, requireTtl } from './requests.ts';

/**
 * The end of a hold, and its extension. Keys are those that the hold pinned. Where the gate's own record names others, it
 * is right: the caller's copy speaks only for an attempt that the gate does not know.
 */

export async function endHold(
  session: RedisSession,
  asked: Hold,
  kind: 'settle' | 'release',
  amountNanoUsd: NanoUsd,
): Promise<SettleReply> {
  const { organization, keys } = session;
  if (asked.leaseId !== undefined) return endLeased(session, { hold: asked, kind, amountNanoUsd });
  requireOwnHold(organization, asked);
  requireAmount('amountNanoUsd', amountNanoUsd);
  let entries: readonly PinnedPeriod[] = asked.entries;
  return ask(kind, async () => {
    const reply = await session.settle({
      attemptKey: keys.attempt(asked.attemptId),
      numbers: limbs(amountNanoUsd),
      budgets: entries.map(({ key, periodStartMs, periodEndMs }) => ({
        key: keys.budget(key),
        numbers: [periodStartMs, periodEndMs],
      })),
      values: [
        kind === 'settle' ? 'S' : 'V',
        String(amountNanoUsd),
        entriesToText(entries),
        String(asked.budgetInstantMs),
      ],
    });
    if (await rebuilt(session, reply, entries)) return null;
    if (reply.code === 'PINNED') {
      entries = holdFromRecord(organization, asked.attemptId, reply.values[0] ?? '').entries;
      return null;
    }
    const answer = settleReplyFrom(reply, {
      organization,
      attemptId: asked.attemptId,
      kind,
      amountNanoUsd,
      entries,
    });
    session.vigil.ended(asked.attemptId, answer.settlement.epoch);
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
