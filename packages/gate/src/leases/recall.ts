import type { Clock } from '@tallygate/usage';
import type { LeaseRegister } from './lease-register.ts';

/**
 * What a denied caller can still hope for: idle money in leases. Its own process gives it back at once; others take no new
 * lease on the budget, and give theirs back when it is quiet, runs dry or is over.
 */
export interface Recall {
  /**
   * @param askedMonotonicMs when the question was asked that was denied.
   * @returns true when asking again can succeed; false when no lease had any of the budget: the denial is final.
   */
  mayComeBack(budgetKey: string, askedMonotonicMs: number): Promise<boolean>;
}

export interface RecallParts {
  clock: Clock;
  register: LeaseRegister;
  leaseTtlMs: number;
  /** Gives back what this process has on the budget. */
  giveBack(budgetKey: string): Promise<void>;
}

const LONGEST_NAP_MS = 20;
/** Every value of a budget with `each` is one; what is forgotten is asked for again. */
const MOST_KNOWN = 10_000;

export function createRecall({ clock, register, leaseTtlMs, giveBack }: RecallParts): Recall {
  const running = new Map<string, Promise<void>>();
  /** Between these instants no lease was on the budget: there was none left, and none may enter. */
  const withoutLeases = new Map<string, { fromMs: number; untilMs: number }>();

  async function recall(budgetKey: string): Promise<void> {
    await giveBack(budgetKey);
    for (;;) {
      const sentMs = clock.monotonicMs();
      const waitMs = await register.recall(budgetKey, leaseTtlMs);
      if (waitMs === 0) {
        if (withoutLeases.size >= MOST_KNOWN) withoutLeases.clear();
        withoutLeases.set(budgetKey, { fromMs: clock.monotonicMs(), untilMs: sentMs + leaseTtlMs });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, LONGEST_NAP_MS)));
    }
  }

  return {
    async mayComeBack(budgetKey, askedMonotonicMs) {
      const known = withoutLeases.get(budgetKey);
      const isFinal =
        known !== undefined && known.fromMs <= askedMonotonicMs && clock.monotonicMs() <= known.untilMs;
      if (isFinal) return false;
      const started = running.get(budgetKey) ?? recall(budgetKey).finally(() => running.delete(budgetKey));
      running.set(budgetKey, started);
      await started;
      return true;
    },
  };
}
