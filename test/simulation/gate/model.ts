import { isDeepStrictEqual } from 'node:util';
import type { ExtendReply, NanoUsd, SettleReply } from '@tallygate/usage';
import { BUCKET_MS } from '../../contract/gate-fixtures.ts';
import { amountOn, hardLimitOf, OBSERVED_ID, payerOf } from './budgets.ts';
import { isBeyondCounters, type ModelAttempt, ModelState, type PinnedKey } from './model-state.ts';
import type { Asking, Change, Publishing } from './steps.ts';

/** What a gate must answer to each step, from a state that knows no counters. Nothing here awaits, reads a clock or a store. */

/** Of a denial, what a person acts on. */
export interface Refusal {
  budgetId: string;
  limit: NanoUsd;
  spent: NanoUsd;
  held: NanoUsd;
  needed: NanoUsd;
  retryAtMs: number;
}

export type ReserveAnswer =
  | { kind: 'held'; keys: string[]; lastBucket: number; wouldDeny: Refusal[] }
  | { kind: 'known'; keys: string[] }
  | { kind: 'denied'; denial: Refusal }
  | { kind: 'outdated'; version: number }
  | { kind: 'refused' };

export type EndAnswer =
  | { outcome: SettleReply['outcome']; kind: string; seq: number; entries: [key: string, amount: NanoUsd][] }
  | { outcome: 'refused' };

export class GateModel extends ModelState {
  reserve(id: string, asked: Asking): ReserveAnswer {
    this.touch();
    const known = this.attempts.get(id);
    if (known !== undefined) return { kind: 'known', keys: keysOf(known.periods) };
    if (asked.isStale) return { kind: 'outdated', version: this.version };
    const periods = this.periodsFor(payerOf(asked.payer));
    this.rebuild(periods);
    const refusals = periods.flatMap((period) => this.#refusal(period, asked) ?? []);
    const denying = asked.enforce ? refusals.filter(({ budgetId }) => budgetId !== OBSERVED_ID) : [];
    if (denying.length > 0) return { kind: 'denied', denial: lastToLetGo(denying) };
    if (periods.some((period) => this.#crowds(period, asked))) return { kind: 'refused' };
    this.passTime();
    const lastBucket = this.bucketAfter(asked.ttlMs);
    const { expected, worst } = asked;
    this.attempts.set(id, { periods, expected, worst, lastBucket, ended: null, missing: new Set() });
    return { kind: 'held', keys: keysOf(periods), lastBucket, wouldDeny: refusals };
  }

  /** Whoever asked last owns a hold: giving up takes it away, even if somebody had asked for it before. */
  abandon(id: string, asked: Asking): void {
    this.touch();
    const known = this.attempts.get(id);
    if (asked.isStale || known?.ended) return;
    if (known !== undefined) return void this.attempts.delete(id);
    const payer = payerOf(asked.payer);
    const periods = this.periodsFor(payer, this.callerMs);
    // The server says what is wrong with the question, and then nobody is there to ask again.
    const isOfAnotherPeriod = keysOf(periods).join() !== keysOf(this.periodsFor(payer)).join();
    if (isOfAnotherPeriod || this.rebuild(periods)) return;
    const denying = periods.filter(({ budgetId }) => budgetId !== OBSERVED_ID);
    if (asked.enforce && denying.some((period) => this.#refusal(period, asked) !== null)) return;
    if (!periods.some((period) => this.#crowds(period, asked))) this.passTime();
  }

  end(kind: 'settle' | 'release', id: string, amount: NanoUsd, named: readonly PinnedKey[]): EndAnswer {
    this.touch();
    const known = this.attempts.get(id);
    if (known?.ended && (known.ended.kind === 'settle' || kind === 'release')) {
      return { outcome: 'duplicate', ...endingOf(known, known.ended) };
    }
    const periods = known?.periods ?? named;
    const charged = (budgetId: string) => amountOn(budgetId, amount, kind === 'settle' ? 1n : 0n);
    if (!this.#takes(periods, charged)) return { outcome: 'refused' };
    const outcome = this.#outcome(kind, id, known);
    this.passTime();
    this.seq += 1;
    if (kind === 'settle') for (const { key, budgetId } of periods) this.#charge(key, charged(budgetId));
    if (kind === 'settle' || outcome === 'released') this.judge(periods);
    const ended = { kind, seq: this.seq, amount };
    const attempt = {
      expected: 0n,
      worst: 0n,
      lastBucket: 0,
      missing: new Set<string>(),
      ...known,
      periods,
      ended,
    };
    this.attempts.set(id, attempt);
    return { outcome, ...endingOf(attempt, ended) };
  }

  extend(id: string, ttlMs: number): { kind: ExtendReply['kind']; lastBucket?: number } {
    this.touch();
    const known = this.attempts.get(id);
    if (known === undefined || !this.isLive(id)) return { kind: 'ended' };
    this.#find(known.periods);
    for (const { key } of known.periods) this.#beginAgain(key);
    // What went with a lost counter is in it again.
    known.missing.clear();
    this.passTime();
    known.lastBucket = this.bucketAfter(ttlMs);
    return { kind: 'extended', lastBucket: known.lastBucket };
  }

  publish(change: Change, as: Publishing): string {
    this.touch();
    const before = this.budgets();
    if (as === 'next') {
      this.#change(change);
      this.version += 1;
    }
    // A configuration that goes live finds its counters there; they are judged by the one that was live when they were filled in.
    const isOther = !isDeepStrictEqual(before, this.budgets());
    if (isOther) this.rebuild(this.periodsAt(this.budgets(), this.callerMs), before);
    return as === 'outdated' ? 'TALLYGATE_CONFIGURATION_OUTDATED' : 'published';
  }

  /** The budget's counter, where a gate can tell that it is lost: its period began before the counters did. */
  losable(budgetId: string): string | null {
    const found = this.periodsAt(this.budgets(), this.nowMs).find((period) => period.budgetId === budgetId);
    return found !== undefined && !this.isAllLost && found.startMs < this.seededMs ? found.key : null;
  }

  /** Spent and held of each live budget. A caller whose clock names other periods asks once more with those of the server. */
  balances(): [id: string, spent: NanoUsd, held: NanoUsd][] {
    this.touch();
    const current = this.periodsAt(this.budgets(), this.nowMs);
    const named = this.periodsAt(this.budgets(), this.callerMs);
    const differs = named.findIndex(({ key }, index) => key !== current[index]?.key);
    const seen = differs === -1 ? named : named.slice(0, differs);
    if (seen.some(({ key }) => this.lost.has(key))) this.rebuild(named);
    this.rebuild(current);
    return current.map((period) => this.#balance(period));
  }

  balancesOfValues(): [id: string, spent: NanoUsd, held: NanoUsd][] {
    this.touch();
    return this.periodsOfValues().map((period) => this.#balance(period));
  }

  #balance({ key, budgetId }: PinnedKey): [id: string, spent: NanoUsd, held: NanoUsd] {
    const { expected, worst } = this.held(key);
    return [budgetId, this.spent(key), larger(expected, worst)];
  }

  #change(change: Change): void {
    if ('limit' in change) this.limits.set(change.budget, change.limit);
    else if (change.isLive) this.removed.delete(change.budget);
    else this.removed.add(change.budget);
  }

  /** Everything that a gate decides about an amount on one budget. */
  #refusal({ key, budgetId, endMs }: PinnedKey, asked: Asking): Refusal | null {
    const [expected, worst] = askedOn(budgetId, asked);
    const spent = this.spent(key);
    const held = this.held(key);
    const limit = this.limits.get(budgetId) ?? 0n;
    const hard = hardLimitOf(budgetId, limit);
    const [byExpected, byWorst] = [held.expected + expected, held.worst + worst];
    if (spent + byExpected <= limit && spent + byWorst <= hard) return null;
    const isByWorst = byWorst - hard >= byExpected - limit;
    const [heldSum, needed, top] = isByWorst ? [held.worst, worst, hard] : [held.expected, expected, limit];
    const freedMs = spent + needed <= top ? (held.firstBucket + 1) * BUCKET_MS : endMs;
    return { budgetId, limit: top, spent, held: heldSum, needed, retryAtMs: Math.min(freedMs, endMs) };
  }

  #crowds({ key, budgetId }: PinnedKey, asked: Asking): boolean {
    const [expected, worst] = askedOn(budgetId, asked);
    const held = this.held(key);
    return isBeyondCounters(held.expected + expected) || isBeyondCounters(held.worst + worst);
  }

  #takes(periods: readonly PinnedKey[], charged: (budgetId: string) => bigint): boolean {
    for (const { key, budgetId, endMs } of periods) {
      if (this.lost.has(key) && this.nowMs < endMs) this.rebuild(periods);
      if (isBeyondCounters(this.spent(key) + charged(budgetId))) return false;
    }
    return true;
  }

  #find(periods: readonly PinnedKey[]): void {
    if (periods.some(({ key, endMs }) => this.lost.has(key) && this.nowMs < endMs)) this.rebuild(periods);
  }

  #outcome(kind: 'settle' | 'release', id: string, known: ModelAttempt | undefined): SettleReply['outcome'] {
    if (known === undefined) return 'orphan';
    if (known.ended !== null) return 'reopened';
    if (!this.isLive(id)) return 'late';
    return kind === 'settle' ? 'settled' : 'released';
  }

  #charge(key: string, amount: NanoUsd): void {
    this.#beginAgain(key);
    this.charges.push({ key, amount });
  }

  /** Lost, and of a period that is over: nobody is admitted by it any more. */
  #beginAgain(key: string): void {
    if (!this.lost.delete(key)) return;
    this.restarted.set(key, this.charges.length);
    this.alerts.restart(key);
    this.forgetHoldsOn(key);
  }
}

function endingOf({ periods }: ModelAttempt, { kind, seq, amount }: NonNullable<ModelAttempt['ended']>) {
  const requests = kind === 'settle' ? 1n : 0n;
  const entries = periods.map(({ key, budgetId }): [string, bigint] => [
    key,
    amountOn(budgetId, amount, requests),
  ]);
  return { kind, seq, entries };
}

function askedOn(budgetId: string, { expected, worst }: Asking): [expected: bigint, worst: bigint] {
  return [amountOn(budgetId, expected, 1n), amountOn(budgetId, worst, 1n)];
}

/** Before that one lets go, no repetition can succeed. */
function lastToLetGo(refusals: readonly Refusal[]): Refusal {
  const latestMs = Math.max(...refusals.map(({ retryAtMs }) => retryAtMs));
  return refusals.find(({ retryAtMs }) => retryAtMs === latestMs) as Refusal;
}

function keysOf(periods: readonly PinnedKey[]): string[] {
  return periods.map(({ key }) => key);
}

function larger(left: NanoUsd, right: NanoUsd): NanoUsd {
  return left > right ? left : right;
}
