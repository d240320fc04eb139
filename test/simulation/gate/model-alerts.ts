import { isDeepStrictEqual } from 'node:util';
import { type Budget, DEFAULT_ALERTS, type NanoUsd } from '@tallygate/usage';

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
  #announced = new Map<string, number>();
  #waiting: ModelAlert[] = [];
  readonly #told = new Map<string, Set<number>>();

  judge(key: string, spent: NanoUsd, budget: Budget | undefined, atMs: number): void {
    const limit = budget?.limit ?? 0n;
    for (const percent of budget?.alerts ?? DEFAULT_ALERTS) {
      const isReached = limit > 0n && spent * 100n >= limit * BigInt(percent);
      if (!isReached || percent <= (this.#announced.get(key) ?? 0)) continue;
      this.#announced.set(key, percent);
      this.#wait({ key, percent, spent, limit, atMs });
    }
  }

  /** A counter that was lost announces again what nobody was told of; in the same instant that is the same alert. */
  #wait(alert: ModelAlert): void {
    if (!this.#waiting.some((waiting) => isDeepStrictEqual(waiting, alert))) this.#waiting.push(alert);
  }

  /** The counter begins with what the ledger knows. */
  rebuild(key: string): void {
    this.#announced.set(key, Math.max(0, ...(this.#told.get(key) ?? [])));
  }

  /** The counter begins with nothing. */
  restart(key: string): void {
    this.#announced.delete(key);
  }

  loseAll(): void {
    this.#waiting = [];
    this.#announced = new Map([...this.#told].map(([key, percents]) => [key, Math.max(...percents)]));
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
