import type { NanoUsd } from '@tallygate/usage';
import { BUCKET_MS, budgetOf, DAY_MS, type GateUnderTest } from './gate-fixtures.ts';

/**
 * A gate without counters: it remembers every attempt and every charge, and adds them up anew for each question. Slow, short,
 * and built from nothing that the real ones are built from.
 */
export const TEAMS = ['support', 'research'] as const;
export const UTC_DAY = 'day';

export interface ModelAttempt {
  id: string;
  team: string;
  keys: string[];
  expected: NanoUsd;
  worst: NanoUsd;
  lastBucket: number;
  ended: { kind: 'settle' | 'release'; seq: number; amount: NanoUsd } | null;
}

/** The whole truth about a gate with these budgets: an organization's month, a day and a month of team support. */
export class GateModel {
  readonly attempts = new Map<string, ModelAttempt>();
  readonly charges: { key: string; amount: NanoUsd }[] = [];
  limits: Record<string, NanoUsd>;
  version = 1;
  seq = 0;
  past = 0;
  readonly #subject: GateUnderTest;

  constructor(subject: GateUnderTest, limits: Record<string, NanoUsd>) {
    this.#subject = subject;
    this.limits = limits;
  }

  budgets() {
    const scope = { team: TEAMS[0] };
    return [
      budgetOf('all', this.limits['all'] ?? 0n),
      budgetOf('daily', this.limits['daily'] ?? 0n, { scope, period: UTC_DAY }),
      budgetOf('support', this.limits['support'] ?? 0n, { scope }),
    ];
  }

  keysFor(team: string): string[] {
    return this.budgets()
      .filter(({ scope }) => scope.team === undefined || scope.team === team)
      .map(({ id, period }) => `${id}:${period}:${this.#periodOf(period).startMs}`);
  }

  sums(key: string) {
    const live = [...this.attempts.values()].filter(
      (attempt) => this.#isLive(attempt) && attempt.keys.includes(key),
    );
    return {
      spent: total(this.charges.filter((charge) => charge.key === key).map(({ amount }) => amount)),
      expected: total(live.map(({ expected }) => expected)),
      worst: total(live.map(({ worst }) => worst)),
      // A hold of $0 gives nothing back when it ends.
      firstBucket: Math.min(...live.filter(holdsSomething).map(({ lastBucket }) => lastBucket)),
    };
  }

  bucketAt(ttlMs: number): number {
    return Math.max(Math.floor((this.#subject.nowMs() + ttlMs) / BUCKET_MS), this.past);
  }

  /** Everything that the gate decides about an amount on one budget. */
  refusal(key: string, expected: NanoUsd, worst: NanoUsd) {
    const [id = '', unit = ''] = key.split(':');
    const { spent, ...held } = this.sums(key);
    const limit = this.limits[id] ?? 0n;
    const worstRules = held.worst + worst >= held.expected + expected;
    const [heldSum, needed] = worstRules ? [held.worst, worst] : [held.expected, expected];
    if (spent + held.expected + expected <= limit && spent + held.worst + worst <= limit) return null;
    const periodEndMs = this.#periodOf(unit).endMs;
    const freedMs = spent + needed <= limit ? (held.firstBucket + 1) * BUCKET_MS : periodEndMs;
    return { budgetId: id, spent, held: heldSum, needed, retryAtMs: Math.min(freedMs, periodEndMs) };
  }

  passTime(): void {
    this.past = this.#currentBucket();
  }

  isLive(id: string): boolean {
    const attempt = this.attempts.get(id);
    return attempt !== undefined && this.#isLive(attempt);
  }

  #currentBucket(): number {
    return Math.max(Math.floor(this.#subject.nowMs() / BUCKET_MS), this.past);
  }

  #isLive(attempt: ModelAttempt): boolean {
    return attempt.ended === null && attempt.lastBucket >= this.#currentBucket();
  }

  #periodOf(unit: string): { startMs: number; endMs: number } {
    const now = new Date(this.#subject.nowMs());
    if (unit === UTC_DAY) {
      const startMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
      return { startMs, endMs: startMs + DAY_MS };
    }
    const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
    return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
  }
}

function holdsSomething({ expected, worst }: ModelAttempt): boolean {
  return expected > 0n || worst > 0n;
}

function total(amounts: readonly NanoUsd[]): NanoUsd {
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}
