import { isDeepStrictEqual } from 'node:util';
import type { ExtendReply, NanoUsd, SettleReply } from '@tallygate/usage';
import { amountOn, hardLimitOf, OBSERVED_ID, payerOf } from './budgets.ts';
import {
  type Amounts,
  partOfAmount,
  type Refusal,
  refusalByBoth,
  refusalOf,
  type Sums,
  shareOf,
  smaller,
} from './model-admission.ts';
import { currentPart, outOfWindowMs, windowStartMs } from './model-periods.ts';
import { isBeyondCounters, type ModelAttempt, ModelState, type PinnedKey, total } from './model-state.ts';
import type { Asking, Change, Publishing } from './steps.ts';

/** What a gate must answer to each step, from a state that knows no counters. Nothing here awaits, reads a clock or a store. */

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
    this.#findAsked(periods, asked);
    const placings = periods.map((period) => this.#place(period, asked));
    const refusals = placings.flatMap((placing) => this.#refusalsOf(placing, asked));
    const denying = asked.enforce ? refusals.filter(({ budgetId }) => budgetId !== OBSERVED_ID) : [];
    if (denying.length > 0) return { kind: 'denied', denial: lastToLetGo(denying) };
    if (placings.some((placing) => this.#crowds(placing, asked))) return { kind: 'refused' };
    this.passTime();
    const held = heldOn(placings);
    for (const { counter } of held) this.#beginAgain(counter);
    const lastBucket = this.bucketAfter(asked.ttlMs);
    const { expected, worst } = asked;
    this.attempts.set(id, { periods: held, expected, worst, lastBucket, ended: null, missing: new Set() });
    return { kind: 'held', keys: keysOf(held), lastBucket, wouldDeny: refusals };
  }

  /** Whoever asked last owns a hold: giving up takes it away, even if somebody had asked for it before. */
  abandon(id: string, asked: Asking): void {
    this.touch();
    const known = this.attempts.get(id);
    if (asked.isStale || known?.ended) return;
    if (known !== undefined) return void this.attempts.delete(id);
    const payer = payerOf(asked.payer);
    const named = this.withPools(this.periodsFor(payer, this.callerMs), this.callerMs);
    // The server says what is wrong with the question, and then nobody is there to ask again.
    const periods = this.periodsFor(payer);
    const isOfAnotherPeriod = keysOf(named).join() !== keysOf(this.withPools(periods)).join();
    if (isOfAnotherPeriod || this.#findAsked(periods, asked)) return;
    const placings = periods.map((period) => this.#place(period, asked));
    const refusals = placings.flatMap((placing) => this.#refusalsOf(placing, asked));
    const isDenied = refusals.some(({ budgetId }) => budgetId !== OBSERVED_ID);
    if (asked.enforce && isDenied) return;
    if (placings.some((placing) => this.#crowds(placing, asked))) return;
    this.passTime();
    for (const { counter } of heldOn(placings)) this.#beginAgain(counter);
  }

  end(kind: 'settle' | 'release', id: string, amount: NanoUsd, named: readonly PinnedKey[]): EndAnswer {
    this.touch();
    const known = this.attempts.get(id);
    if (known?.ended && (known.ended.kind === 'settle' || kind === 'release')) {
      return { outcome: 'duplicate', ...endingOf(known, known.ended) };
    }
    const periods = known?.periods ?? named;
    const charged = (period: PinnedKey) => chargedTo(period, kind, amount);
    if (!this.#takes(periods, charged)) return { outcome: 'refused' };
    const outcome = this.#outcome(kind, id, known);
    this.passTime();
    this.seq += 1;
    if (kind === 'settle') for (const period of periods) this.#charge(period, charged(period));
    if (kind === 'settle' || outcome === 'released') this.judge(periods);
    for (const period of periods) this.#pace(period, charged(period));
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
    for (const { counter } of known.periods) this.#beginAgain(counter);
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

  /** The budget's counter, where a gate can tell that it is lost: what it counts began before the counters did. */
  losable(budgetId: string): string | null {
    const found = this.periodsAt(this.budgets(), this.nowMs).find((period) => period.budgetId === budgetId);
    if (found === undefined || this.isAllLost) return null;
    const fromMs = windowStartMs(found.key, this.nowMs) ?? found.startMs;
    return fromMs < this.seededMs ? found.counter : null;
  }

  /** Spent and held of each live budget. A caller whose clock names other periods asks once more with those of the server. */
  balances(): [id: string, spent: NanoUsd, held: NanoUsd][] {
    this.touch();
    const current = this.periodsAt(this.budgets(), this.nowMs);
    const named = this.periodsAt(this.budgets(), this.callerMs);
    const differs = named.findIndex(({ key }, index) => key !== current[index]?.key);
    const seen = differs === -1 ? named : named.slice(0, differs);
    if (seen.some((period) => this.isSeenLost(period))) this.rebuild(named);
    this.#find(current);
    return current.map((period) => this.#balance(period));
  }

  balancesOfValues(): [id: string, spent: NanoUsd, held: NanoUsd][] {
    this.touch();
    return this.periodsOfValues().map((period) => this.#balance(period));
  }

  #balance({ counter, budgetId }: PinnedKey): [id: string, spent: NanoUsd, held: NanoUsd] {
    const { expected, worst } = this.held(counter);
    return [budgetId, this.spent(counter), larger(expected, worst)];
  }

  #change(change: Change): void {
    if ('limit' in change) this.limits.set(change.budget, change.limit);
    else if (change.isLive) this.removed.delete(change.budget);
    else this.removed.add(change.budget);
  }

  /** A counter is looked for where it is asked: that of a pool where a budget lacks something. */
  #findAsked(periods: readonly PinnedKey[], asked: Asking): boolean {
    const lacking = () => periods.filter((period) => refusalOf(this.#sums(period), askedOn(period, asked)));
    const isMissing =
      periods.some((period) => this.isSeenLost(period)) ||
      lacking().some((period) => {
        const pool = this.poolOf(period);
        return pool !== null && this.isSeenLost(pool);
      });
    return isMissing && this.rebuild(this.withPools(periods));
  }

  #place(period: PinnedKey, asked: Asking): Placing {
    const [sums, amounts, pool] = [this.#sums(period), askedOn(period, asked), this.poolOf(period)];
    const refusal = refusalOf(sums, amounts);
    if (refusal === null || pool === null) return { period, pool, share: null, refusal };
    const refusedByBoth = refusalByBoth(sums, this.#sums(pool), amounts);
    return {
      period,
      pool,
      share: refusedByBoth === null ? shareOf(sums, amounts) : null,
      refusal: refusedByBoth,
    };
  }

  /** The breaker of a budget comes first. */
  #refusalsOf({ period, refusal }: Placing, asked: Asking): Refusal[] {
    const { budgetId } = period;
    const trip = this.paces.running(budgetId, this.nowMs);
    const limits = refusal === null ? [] : [refusal];
    if (trip === null) return limits;
    const { spent, threshold: limit, median, untilMs: retryAtMs } = trip;
    const needed = askedOn(period, asked).worst;
    return [{ budgetId, limit, spent, held: 0n, needed, retryAtMs, median }, ...limits];
  }

  #pace({ budgetId }: PinnedKey, amount: NanoUsd): void {
    const velocity = this.budgets().find(({ id }) => id === budgetId)?.velocity;
    if (velocity === undefined) return;
    const alert = this.paces.charge(budgetId, velocity, amount, this.nowMs);
    if (alert !== null) this.alerts.add(alert);
  }

  #sums({ key, counter, budgetId, endMs }: PinnedKey): Sums {
    const limit = this.limits.get(budgetId) ?? 0n;
    const [spent, held] = [this.spent(counter), this.held(counter)];
    const leftAtMs = (amount: NanoUsd) => this.#leftAtMs(key, counter, amount) ?? endMs;
    return { budgetId, spent, held, limit, hard: hardLimitOf(budgetId, limit), leftAtMs };
  }

  /** When so much has left the window, or all there is; null for a period of the calendar. */
  #leftAtMs(key: string, counter: string, amount: NanoUsd): number | null {
    if (windowStartMs(key, this.nowMs) === null) return null;
    const leaving = this.counting(counter)
      .filter((charge) => charge.amount > 0n)
      .toSorted((left, right) => left.outMs - right.outMs);
    const outs = leaving.map(({ outMs }) => outMs);
    const enough = outs.find(
      (outMs) =>
        total(leaving.filter((charge) => charge.outMs <= outMs).map((charge) => charge.amount)) >= amount,
    );
    return enough ?? outs.at(-1) ?? outOfWindowMs(currentPart(key, this.countsAtMs()));
  }

  #crowds({ period, share }: Placing, asked: Asking): boolean {
    if (share !== null) return false;
    const { expected, worst } = askedOn(period, asked);
    const held = this.held(period.counter);
    return isBeyondCounters(held.expected + expected) || isBeyondCounters(held.worst + worst);
  }

  #takes(periods: readonly PinnedKey[], charged: (period: PinnedKey) => bigint): boolean {
    for (const period of periods) {
      if (this.isSeenLost(period)) this.rebuild(periods);
      if (isBeyondCounters(this.spent(period.counter) + charged(period))) return false;
    }
    return true;
  }

  #find(periods: readonly PinnedKey[]): boolean {
    return periods.some((period) => this.isSeenLost(period)) && this.rebuild(periods);
  }

  #outcome(kind: 'settle' | 'release', id: string, known: ModelAttempt | undefined): SettleReply['outcome'] {
    if (known === undefined) return 'orphan';
    if (known.ended !== null) return 'reopened';
    if (!this.isLive(id)) return 'late';
    return kind === 'settle' ? 'settled' : 'released';
  }

  #charge({ key, counter }: PinnedKey, amount: NanoUsd): void {
    this.#beginAgain(counter);
    this.charges.push({ counter, outMs: outOfWindowMs(key), amount });
  }

  /** Lost, and nobody can tell: of a period that is over, or younger than the counters are. */
  #beginAgain(counter: string): void {
    if (!this.lost.delete(counter)) return;
    this.restarted.set(counter, this.charges.length);
    this.alerts.restart(counter);
    this.forgetHoldsOn(counter);
  }
}

/** A call on one budget: whole, or shared with its pool, or refused. */
interface Placing {
  period: PinnedKey;
  pool: PinnedKey | null;
  share: NanoUsd | null;
  refusal: Refusal | null;
}

/**
 * Each budget with its part, and behind them each pool once that one of them needs, as budgets name them; with what is above the
 * smallest share of those that do.
 */
function heldOn(placings: readonly Placing[]): PinnedKey[] {
  const periods = placings.map(({ period, share }) => (share === null ? period : { ...period, upTo: share }));
  const pools = new Map(placings.flatMap(({ pool }) => (pool === null ? [] : [[pool.key, pool]])));
  const needed = [...pools.values()].flatMap((pool) => {
    const shares = placings.flatMap(({ pool: named, share }) =>
      named?.key === pool.key && share !== null ? [share] : [],
    );
    return shares.length === 0 ? [] : [{ ...pool, from: shares.reduce(smaller) }];
  });
  return [...periods, ...needed];
}

function endingOf({ periods }: ModelAttempt, { kind, seq, amount }: NonNullable<ModelAttempt['ended']>) {
  const entries = periods.map((period): [string, bigint] => [period.key, chargedTo(period, kind, amount)]);
  return { kind, seq, entries };
}

function chargedTo(period: PinnedKey, kind: string, amount: NanoUsd): bigint {
  return partOfAmount(amountOn(period.budgetId, amount, kind === 'settle' ? 1n : 0n), period);
}

function askedOn({ budgetId }: PinnedKey, { expected, worst }: Asking): Amounts {
  return { expected: amountOn(budgetId, expected, 1n), worst: amountOn(budgetId, worst, 1n) };
}

/** Before that one lets go, no repetition can succeed. */
function lastToLetGo(refusals: readonly Refusal[]): Refusal {
  const latestMs = Math.max(...refusals.map(({ retryAtMs }) => retryAtMs));
  return refusals.find(({ retryAtMs }) => retryAtMs === latestMs) as Refusal;
}

/** With the part that each has of the call. */
export function keysOf(periods: readonly Pick<PinnedKey, 'key' | 'upTo' | 'from'>[]): string[] {
  return periods.map(({ key, upTo, from }) => {
    if (upTo !== undefined) return `${key} up to ${upTo}`;
    return from === undefined ? key : `${key} from ${from}`;
  });
}

function larger(left: NanoUsd, right: NanoUsd): NanoUsd {
  return left > right ? left : right;
}
