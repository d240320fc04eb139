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
  mayComeBack(budgetId: string, askedMonotonicMs: number): Promise<boolean>;
}

export interface RecallParts {
  clock: Clock;
  register: LeaseRegister;
  leaseTtlMs: number;
  /** Gives back what this process has on the budget. */
  giveBack(budgetId: string): Promise<void>;
}

const LONGEST_NAP_MS = 20;

export function createRecall({ clock, register, leaseTtlMs, giveBack }: RecallParts): Recall {
  const running = new Map<string, Promise<void>>();
  /** Between these instants no lease was on the budget: there was none left, and none may enter. */
  const withoutLeases = new Map<string, { fromMs: number; untilMs: number }>();

  async function recall(budgetId: string): Promise<void> {
    await giveBack(budgetId);
    for (;;) {
      const sentMs = clock.monotonicMs();
      const waitMs = await register.recall(budgetId, leaseTtlMs);
      if (waitMs === 0) {
        withoutLeases.set(budgetId, { fromMs: clock.monotonicMs(), untilMs: sentMs + leaseTtlMs });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, LONGEST_NAP_MS)));
    }
  }

  return {
    async mayComeBack(budgetId, askedMonotonicMs) {
      const known = withoutLeases.get(budgetId);
      const isFinal =
        known !== undefined && known.fromMs <= askedMonotonicMs && clock.monotonicMs() <= known.untilMs;
      if (isFinal) return false;
      const started = running.get(budgetId) ?? recall(budgetId).finally(() => running.delete(budgetId));
      running.set(budgetId, started);
      await started;
      return true;
    },
  };
}
