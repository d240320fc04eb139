import { isDeepStrictEqual } from 'node:util';
import type { Alert, BudgetGate, Denial, Hold, NanoUsd, ReserveReply, SettleReply } from '@tallygate/usage';
import { expect } from 'vitest';
import { BUCKET_MS } from '../../contract/gate-fixtures.ts';
import { tokensOf } from './budgets.ts';
import { type EndAnswer, keysOf, type ReserveAnswer } from './model.ts';
import type { Refusal } from './model-admission.ts';
import type { ModelAlert } from './model-alerts.ts';
import { PARTS_OF_A_HOLD } from './model-state.ts';

/** Answers of a gate in the words of the model, so that both can be compared as a whole. */

/** A million comparisons: vitest's own, which explains what differs, is asked only when something does. */
export function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}

/** A repeated reserve is answered with the periods of the first, whatever has become of its amounts. */
export function answerOf(reply: ReserveReply | null, { kind }: ReserveAnswer): ReserveAnswer {
  if (reply === null) return { kind: 'refused' };
  if (reply.kind === 'denied') return { kind: 'denied', denial: refusalOf(reply.denial) };
  if (reply.kind === 'outdated') return { kind: 'outdated', version: reply.version };
  const keys = keysOf(
    reply.hold.entries.map(({ key, paysUpTo: upTo, paysFrom: from }) => ({ key, upTo, from })),
  );
  const wouldDeny = reply.wouldDeny.map(refusalOf);
  if (kind === 'known' && wouldDeny.length === 0) return { kind, keys };
  return { kind: 'held', keys, lastBucket: reply.hold.expiryBucket, wouldDeny };
}

export function endingOf(reply: SettleReply | null): EndAnswer {
  if (reply === null) return { outcome: 'refused' };
  const { kind, seq, entries } = reply.settlement;
  const amounts = entries.map(({ key, amount }): [string, NanoUsd] => [key, amount]);
  return { outcome: reply.outcome, kind, seq, entries: amounts };
}

export function endAt(
  gate: BudgetGate,
  kind: 'settle' | 'release',
  hold: Hold,
  amountNanoUsd: NanoUsd,
): Promise<SettleReply> {
  return kind === 'settle'
    ? gate.settle({ hold, amountNanoUsd, tokens: tokensOf(amountNanoUsd) })
    : gate.release(hold);
}

/** Null for what no counter could take; everything else is a fault. */
export function refusedOnly(error: { code?: string }): null {
  if (error.code === 'TALLYGATE_REQUEST_INVALID') return null;
  throw error;
}

/** Not before its TTL, at most a bucket and a sixteenth later; `pastBucket` may be ahead where a clock stepped back. */
export function expectLifetime(
  { expiryBucket }: Hold,
  nowMs: number,
  ttlMs: number,
  pastBucket: number,
): void {
  const endsMs = (expiryBucket + 1) * BUCKET_MS;
  const latestMs = nowMs + ttlMs + BUCKET_MS + Math.ceil(ttlMs / PARTS_OF_A_HOLD);
  expectSame(endsMs > nowMs + ttlMs, true);
  expectSame(endsMs <= Math.max(latestMs, (pastBucket + 1) * BUCKET_MS), true);
}

function refusalOf({ budgetId, limit, spent, held, needed, pool, retryAtMs, median }: Denial): Refusal {
  const refusal = {
    ...{ budgetId, limit, spent, held, needed, retryAtMs },
    ...(median === undefined ? {} : { median }),
  };
  return pool === undefined ? refusal : { ...refusal, pool };
}

export function alertOf({ key, thresholdPercent, spent, limit, crossedAtMs }: Alert): ModelAlert {
  return { key, percent: thresholdPercent, spent, limit, atMs: crossedAtMs };
}

export function inAnyOrder(alerts: readonly ModelAlert[]): ModelAlert[] {
  const name = ({ key, percent, atMs, spent, limit }: ModelAlert) =>
    `${key} ${percent} ${atMs} ${spent} ${limit}`;
  return alerts.toSorted((left, right) => (name(left) < name(right) ? -1 : 1));
}
