import type { ExtendReply, Hold, NanoUsd, SettleReply } from '@tallygate/usage';
import { entriesToText, holdFromRecord } from './attempt-record.ts';
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
  const { organization, connection, keys } = session;
  requireOwnHold(organization, asked);
  requireAmount('amountNanoUsd', amountNanoUsd);
  let { entries } = asked;
  return ask(kind, async () => {
    const reply = await connection.run(
      'settle',
      [keys.attempt(asked.attemptId), keys.state, ...entries.map(({ key }) => keys.budget(key))],
      [
        ...timeValues(session),
        kind === 'settle' ? 'S' : 'V',
        amountNanoUsd.toString(),
        entriesToText(entries),
        String(asked.budgetInstantMs),
        ...entries.flatMap(({ periodStartMs, periodEndMs }) => [periodStartMs, periodEndMs].map(String)),
      ],
    );
    if (await rebuilt(session, reply, entries)) return null;
    if (reply.code === 'PINNED') {
      entries = holdFromRecord(organization, asked.attemptId, reply.values[0] ?? '').entries;
      return null;
    }
    const named = entries.map(({ key }) => key);
    return settleReplyFrom(reply, organization, asked.attemptId, kind, named);
  });
}

export async function extendHold(session: RedisSession, asked: Hold, ttlMs: number): Promise<ExtendReply> {
  const { organization, connection, keys } = session;
  requireOwnHold(organization, asked);
  requireTtl(ttlMs);
  let { entries } = asked;
  return ask('extend', async () => {
    const reply = await connection.run(
      'extend',
      [keys.attempt(asked.attemptId), keys.state, ...entries.map(({ key }) => keys.budget(key))],
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
    return extendReplyFrom(reply, organization, asked.attemptId);
  });
}
