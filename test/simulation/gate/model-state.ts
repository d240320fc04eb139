import { type Budget, NANO_USD_MAX, type NanoUsd, type SettlementKind } from '@tallygate/usage';
import { BUCKET_MS, START_MS } from '../../contract/gate-fixtures.ts';
import { amountOn, BUDGET_IDS, budgetsOf, covers, type Payer, VALUES, valuesOfPayer } from './budgets.ts';
import { type Part, partOf } from './model-admission.ts';
import { ModelAlerts } from './model-alerts.ts';
import { ModelPaces } from './model-paces.ts';
import { counterOf, modelPeriod, windowStartMs } from './model-periods.ts';

/**
 * A gate without counters: it remembers every attempt and every charge, and adds them up anew for each question. Slow, short,
 * and built from nothing that the real ones are built from.
 */
/** A longer hold may end late by a sixteenth of its length. */
export const PARTS_OF_A_HOLD = 16;

export interface PinnedKey extends Part {
  key: string;
  /** Under what it is counted. */
  counter: string;
  budgetId: string;
  startMs: number;
  endMs: number;
}

export interface ModelAttempt {
  periods: readonly PinnedKey[];
  expected: NanoUsd;
  worst: NanoUsd;
  lastBucket: number;
  ended: { kind: Exclude<SettlementKind, 'adjust'>; seq: number; amount: NanoUsd } | null;
  /** Counters that were lost since: the hold is not in them any more. */
  missing: Set<string>;
}

export class ModelState {
  nowMs = START_MS;
  callerOffMs = 0;
  /** How far callers may be behind the server before holds live longer than they must; null where there is one clock. */
  readonly #maxSkewMs: number | null;
  readonly limits = new Map<string, NanoUsd>(
    BUDGET_IDS.map((id, index) => [id, 2_000n + 800n * BigInt(index)]),
  );
  readonly removed = new Set<string>();
  version = 1;
  seq = 0;
  /** Buckets before it were declared past. */
  past = 0;
  readonly attempts = new Map<string, ModelAttempt>();
  readonly charges: { counter: string; outMs: number; amount: NanoUsd }[] = [];
  /** A counter that was lost after its period counts only what came after that charge. */
  readonly restarted = new Map<string, number>();
  readonly lost = new Set<string>();
  isAllLost = false;
  seededMs = START_MS;
  readonly alerts = new ModelAlerts();
  readonly paces = new ModelPaces();

  constructor(maxSkewMs: number | null) {
    this.#maxSkewMs = maxSkewMs;
  }

  get callerMs(): number {
    return this.nowMs + this.callerOffMs;
  }

  budgets(): Budget[] {
    return budgetsOf(new Map([...this.limits].filter(([id]) => !this.removed.has(id))));
  }

  periodsAt(budgets: readonly Budget[], instantMs: number): PinnedKey[] {
    return budgets
      .filter(({ each }) => each === undefined)
      .map((budget) => periodOf(budget, null, instantMs));
  }

  /** Of budgets that are one for each value: every counter that there can be. */
  periodsOfValues(instantMs = this.nowMs): PinnedKey[] {
    return this.budgets().flatMap((budget) => {
      const { each } = budget;
      const values = each === 'user' || each === 'model' ? VALUES[each] : [];
      return values.map((value) => periodOf(budget, value, instantMs));
    });
  }

  periodsFor(payer: Payer, instantMs = this.nowMs): PinnedKey[] {
    return this.budgets()
      .filter((budget) => covers(budget, payer))
      .flatMap((budget) => valuesOfPayer(budget, payer).map((value) => periodOf(budget, value, instantMs)));
  }

  poolOf({ budgetId }: PinnedKey, instantMs = this.nowMs): PinnedKey | null {
    const budgets = this.budgets();
    const pool = budgets.find(({ id }) => id === budgetId)?.pool;
    const found = budgets.find(({ id }) => id === pool);
    return found === undefined ? null : periodOf(found, null, instantMs);
  }

  /** The periods, and those of their pools. */
  withPools(periods: readonly PinnedKey[], instantMs = this.nowMs): PinnedKey[] {
    return [...periods, ...periods.flatMap((period) => this.poolOf(period, instantMs) ?? [])];
  }

  spent(counter: string): NanoUsd {
    return total(this.counting(counter).map(({ amount }) => amount));
  }

  /** What has left a window stays out of it: it is past by all clocks. */
  counting(counter: string): { outMs: number; amount: NanoUsd }[] {
    if (this.lost.has(counter)) return [];
    const counted = this.charges.slice(this.restarted.get(counter) ?? 0);
    return counted.filter((charge) => charge.counter === counter && this.countsAtMs() < charge.outMs);
  }

  /** By which windows count. */
  countsAtMs(): number {
    return Math.max(this.nowMs, this.#currentBucket() * BUCKET_MS);
  }

  held(counter: string) {
    const live = [...this.attempts.values()].filter(
      (attempt) => !this.lost.has(counter) && this.#isLive(attempt) && !attempt.missing.has(counter),
    );
    const budgetId = counter.slice(0, counter.indexOf(':'));
    const parts = live.flatMap(({ expected, worst, lastBucket, periods }) => {
      const pinned = periods.find((period) => period.counter === counter);
      const whole = { expected: amountOn(budgetId, expected, 1n), worst: amountOn(budgetId, worst, 1n) };
      return pinned === undefined ? [] : [{ ...partOf(whole, pinned), lastBucket }];
    });
    return {
      expected: total(parts.map(({ expected }) => expected)),
      worst: total(parts.map(({ worst }) => worst)),
      // A hold of $0 gives nothing back when it ends.
      firstBucket: Math.min(...parts.filter(holdsSomething).map(({ lastBucket }) => lastBucket)),
    };
  }

  isLive(id: string): boolean {
    const attempt = this.attempts.get(id);
    return attempt !== undefined && this.#isLive(attempt);
  }

  liveIds(): string[] {
    return [...this.attempts.keys()].filter((id) => this.isLive(id));
  }

  bucketAfter(ttlMs: number): number {
    const step = Math.max(1, Math.floor(ttlMs / (PARTS_OF_A_HOLD * BUCKET_MS)));
    const last = Math.floor((this.nowMs + ttlMs) / BUCKET_MS);
    return Math.max(last - (last % step) + step - 1, this.past);
  }

  passTime(): void {
    const past = this.#currentBucket();
    if (past !== this.past && this.#maxSkewMs === null) this.paces.forgetBefore(this.nowMs);
    this.past = past;
  }

  /**
   * Whether a gate can tell that the counter is lost: what it counts began before the counters did, and it still decides about
   * somebody.
   */
  isSeenLost({ key, counter, endMs }: PinnedKey): boolean {
    if (!this.lost.has(counter)) return false;
    const fromMs = windowStartMs(key, this.nowMs);
    return fromMs === null ? this.nowMs < endMs : fromMs < this.seededMs;
  }

  /**
   * Counters that are asked for and missing are read from the ledger; what was held on them is not in it. Those that know less than the
   * ledger, as one that was lost after its period, are raised.
   */
  rebuild(periods: readonly PinnedKey[], budgets: readonly Budget[] = this.budgets()): boolean {
    for (const { counter } of periods) this.restarted.delete(counter);
    const found = periods.filter(({ counter }) => this.lost.delete(counter));
    for (const { counter } of found) {
      this.forgetHoldsOn(counter);
      this.alerts.rebuild(counter);
    }
    this.judge(found, budgets);
    return found.length > 0;
  }

  /** What is reached and was not announced is announced now. */
  judge(periods: readonly PinnedKey[], budgets: readonly Budget[] = this.budgets()): void {
    for (const { counter, budgetId } of periods) {
      const budget = budgets.find(({ id }) => id === budgetId);
      this.alerts.judge(counter, this.spent(counter), budget, this.nowMs);
    }
  }

  forgetHoldsOn(counter: string): void {
    for (const { missing } of this.attempts.values()) missing.add(counter);
  }

  /** What is held is written down, and how attempts ended is not. */
  rebuildAll(): void {
    const before = [...this.attempts];
    this.loseAll();
    for (const [id, attempt] of before) if (this.#isLive(attempt)) this.attempts.set(id, attempt);
  }

  loseAll(): void {
    this.isAllLost = true;
    this.attempts.clear();
    this.restarted.clear();
    this.lost.clear();
    this.past = 0;
    this.alerts.loseAll();
    this.paces.loseAll();
    // In process nobody has to ask: a new one begins at once.
    if (this.#maxSkewMs === null) this.touch();
  }

  /** The first question after a loss begins anew. */
  touch(): void {
    if (!this.isAllLost) return;
    this.seededMs = this.nowMs;
    this.isAllLost = false;
    this.judge([...this.periodsAt(this.budgets(), this.callerMs), ...this.periodsOfValues(this.callerMs)]);
  }

  #currentBucket(): number {
    const agreedMs = Math.min(
      this.nowMs,
      this.#maxSkewMs === null ? this.nowMs : this.callerMs + this.#maxSkewMs,
    );
    return Math.max(Math.floor(agreedMs / BUCKET_MS), this.past);
  }

  #isLive(attempt: ModelAttempt): boolean {
    return attempt.ended === null && attempt.lastBucket >= this.#currentBucket();
  }
}

function periodOf(budget: Budget, value: string | null, instantMs: number): PinnedKey {
  const { startMs, endMs } = modelPeriod(budget, instantMs);
  const common = `${budget.id}:${budget.measure === undefined ? '' : `${budget.measure}.`}${budget.period}:${startMs}`;
  const key = value === null ? common : `${common}:${value}`;
  return { key, counter: counterOf(key), budgetId: budget.id, startMs, endMs };
}

export function isBeyondCounters(amount: NanoUsd): boolean {
  return amount > NANO_USD_MAX;
}

function holdsSomething({ expected, worst }: Pick<ModelAttempt, 'expected' | 'worst'>): boolean {
  return expected > 0n || worst > 0n;
}

export function total(amounts: readonly NanoUsd[]): NanoUsd {
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}
