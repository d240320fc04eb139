import { isDeepStrictEqual } from 'node:util';
import { type Budget, DEFAULT_ALERTS, type NanoUsd } from '@tallygate/usage';
import { counterOf, currentPart, outOfWindowMs, startOf } from './model-periods.ts';

/** An alert in the words of the model. */
export interface ModelAlert {
  key: string;
  percent: number;
  spent: NanoUsd;
  limit: NanoUsd;
  atMs: number;
}

/** Which thresholds were announced, which of those wait, and which the ledger knows: that one outlives every loss. */
export class ModelAlerts {
  /** Of each counter the period that an announcement names, and the highest threshold. */
  #announced = new Map<string, { key: string; percent: number }>();
  #waiting: ModelAlert[] = [];
  readonly #told = new Map<string, Set<number>>();

  judge(counter: string, spent: NanoUsd, budget: Budget | undefined, atMs: number): void {
    const limit = budget?.limit ?? 0n;
    if (atMs >= outOfWindowMs(this.#announced.get(counter)?.key ?? counter)) this.#announced.delete(counter);
    for (const percent of budget?.alerts ?? DEFAULT_ALERTS) {
      const isReached = limit > 0n && spent * 100n >= limit * BigInt(percent);
      const last = this.#announced.get(counter);
      if (!isReached || percent <= (last?.percent ?? 0)) continue;
      const key = last?.key ?? currentPart(counter, atMs);
      this.#announced.set(counter, { key, percent });
      this.#wait({ key, percent, spent, limit, atMs });
    }
  }

  /** Whoever trips a breaker tells of it. */
  add(alert: ModelAlert): void {
    this.#wait(alert);
  }

  /** A counter that was lost announces again what nobody was told of; in the same instant that is the same alert. */
  #wait(alert: ModelAlert): void {
    if (!this.#waiting.some((waiting) => isDeepStrictEqual(waiting, alert))) this.#waiting.push(alert);
  }

  /** The counter begins with what the ledger knows. */
  rebuild(counter: string): void {
    this.#announced.delete(counter);
    const told = [...this.#told].filter(([key]) => counterOf(key) === counter);
    for (const [key, percents] of told) {
      const last = this.#announced.get(counter);
      if (last === undefined || startOf(key) > startOf(last.key))
        this.#announced.set(counter, { key, percent: Math.max(...percents) });
    }
  }

  /** The counter begins with nothing. */
  restart(counter: string): void {
    this.#announced.delete(counter);
  }

  loseAll(): void {
    this.#waiting = [];
    this.#announced.clear();
    for (const key of this.#told.keys()) this.rebuild(counterOf(key));
  }

  /** Nothing waits any more. Somebody is told of what the ledger did not know. */
  tell(): ModelAlert[] {
    const told = this.#waiting;
    this.#waiting = [];
    for (const { key, percent } of told)
      this.#told.set(key, new Set([...(this.#told.get(key) ?? []), percent]));
    return told;
  }
}
