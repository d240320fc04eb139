import { hardLimit, isEnforced, type ReserveRequest } from '@tallygate/usage';
import { entriesToText } from './attempt-record.ts';
import type { BudgetPeriod } from './budget-periods.ts';
import type { Question } from './gathered-scripts.ts';
import type { RedisKeys } from './keys.ts';
import { limbs } from './limbs.ts';

/** With the position of its key, which is known when questions are gathered. */
const PLAIN_VALUES = 5;
const ALL_VALUES = 8;

/** A reserve as `lua/reserve.lua` takes it. Most budgets are plain, and then nothing of the others is sent. */
export function reserveQuestion(
  keys: RedisKeys,
  { attemptId, ttlMs, enforce, expectedNanoUsd, worstNanoUsd }: ReserveRequest,
  periods: readonly BudgetPeriod[],
  { askId, version }: { askId: string; version: number },
): Question {
  const isPlain = periods.every(
    ({ budget }) => isEnforced(budget) && budget.overageBasisPoints === undefined,
  );
  const numbersOf = isPlain ? plainNumbers : allNumbers;
  return {
    attemptKey: keys.attempt(attemptId),
    numbers: [
      ttlMs,
      enforce ? 1 : 0,
      ...limbs(expectedNanoUsd),
      ...limbs(worstNanoUsd),
      isPlain ? PLAIN_VALUES : ALL_VALUES,
    ],
    budgets: periods.map((period) => ({ key: keys.budget(period.key), numbers: numbersOf(period) })),
    values: [String(version), askId, String(expectedNanoUsd), String(worstNanoUsd), entriesToText(periods)],
  };
}

function plainNumbers({ budget, periodStartMs, periodEndMs }: BudgetPeriod): number[] {
  return [...limbs(budget.limit), periodStartMs, periodEndMs];
}

function allNumbers(period: BudgetPeriod): number[] {
  const { budget } = period;
  return [...plainNumbers(period), isEnforced(budget) ? 1 : 0, ...limbs(hardLimit(budget))];
}
