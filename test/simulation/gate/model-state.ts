import { type Budget, NANO_USD_MAX, type NanoUsd, type SettlementKind } from '@tallygate/usage';
import { BUCKET_MS, START_MS } from '../../contract/gate-fixtures.ts';
import { amountOn, BUDGET_IDS, budgetsOf, covers, type Payer, VALUES, valuesOfPayer } from './budgets.ts';
import { ModelAlerts } from './model-alerts.ts';
import { modelPeriod } from './model-periods.ts';

/**
 * A gate without counters: it remembers every attempt and every charge, and adds them up anew for each question. Slow, short,
 * and built from nothing that the real ones are built from.
 */
/** A longer hold may end late by a sixteenth of its length. */
export const PARTS_OF_A_HOLD = 16;

export interface PinnedKey {
  key: string;
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
  readonly charges: { key: string; amount: NanoUsd }[] = [];
  /** A counter that was lost after its period counts only what came after that charge. */
  readonly restarted = new Map<string, number>();
  readonly lost = new Set<string>();
  isAllLost = false;
  seededMs = START_MS;
  readonly alerts = new ModelAlerts();

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
      .filter(({ scope }) => covers(scope, payer))
      .flatMap((budget) => valuesOfPayer(budget, payer).map((value) => periodOf(budget, value, instantMs)));
  }

  spent(key: string): NanoUsd {
    if (this.lost.has(key)) return 0n;
    const counted = this.charges.slice(this.restarted.get(key) ?? 0);
    return total(counted.filter((charge) => charge.key === key).map(({ amount }) => amount));
  }

  held(key: string) {
    const live = [...this.attempts.values()].filter(
      (attempt) =>
        this.#isLive(attempt) &&
        !attempt.missing.has(key) &&
        attempt.periods.some((period) => period.key === key),
    );
    const budgetId = key.slice(0, key.indexOf(':'));
    const parts = live.map(({ expected, worst, lastBucket }) => ({
      expected: amountOn(budgetId, expected, 1n),
      worst: amountOn(budgetId, worst, 1n),
      lastBucket,
    }));
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
    this.past = this.#currentBucket();
  }

  /** Counters that are asked for and missing are read from the ledger; what was held on them is not in it. */
  rebuild(periods: readonly PinnedKey[], budgets: readonly Budget[] = this.budgets()): boolean {
    const found = periods.filter(({ key }) => this.lost.delete(key));
    for (const { key } of found) {
      this.restarted.delete(key);
      this.forgetHoldsOn(key);
      this.alerts.rebuild(key);
    }
    this.judge(found, budgets);
    return found.length > 0;
  }

  /** What is reached and was not announced is announced now. */
  judge(periods: readonly PinnedKey[], budgets: readonly Budget[] = this.budgets()): void {
    for (const { key, budgetId } of periods) {
      const budget = budgets.find(({ id }) => id === budgetId);
      this.alerts.judge(key, this.spent(key), budget, this.nowMs);
    }
  }

  forgetHoldsOn(key: string): void {
    for (const { missing } of this.attempts.values()) missing.add(key);
  }

  loseAll(): void {
    this.isAllLost = true;
    this.attempts.clear();
    this.restarted.clear();
    this.lost.clear();
    this.past = 0;
    this.alerts.loseAll();
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
  const key = `${budget.id}:${budget.measure === undefined ? '' : `${budget.measure}.`}${budget.period}:${startMs}`;
  return { key: value === null ? key : `${key}:${value}`, budgetId: budget.id, startMs, endMs };
}

export function isBeyondCounters(amount: NanoUsd): boolean {
  return amount > NANO_USD_MAX;
}

function holdsSomething({ expected, worst }: Pick<ModelAttempt, 'expected' | 'worst'>): boolean {
  return expected > 0n || worst > 0n;
}

function total(amounts: readonly NanoUsd[]): NanoUsd {
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}
