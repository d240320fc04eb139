import { hardLimit, isEnforced, type ReserveRequest } from '@tallygate/usage';
import type { Tracks } from './admission.ts';
import { amountsToText, askedIn } from './amounts.ts';
import { entriesToText } from './attempt-record.ts';
import type { BudgetPeriod } from './budget-periods.ts';
import type { Question } from './gathered-scripts.ts';
import { measureOf, type RedisKeys } from './keys.ts';
import { limbs } from './limbs.ts';

/** With the position of its key, which is known when questions are gathered. */
const PLAIN_VALUES = 5;
const ALL_VALUES = 12;

/** A reserve as `lua/reserve.lua` takes it. Most budgets are plain, and then nothing of the others is sent. */
export function reserveQuestion(
  keys: RedisKeys,
  request: ReserveRequest,
  periods: readonly BudgetPeriod[],
  { askId, version }: { askId: string; version: number },
): Question {
  const { attemptId, ttlMs, enforce, expectedNanoUsd, worstNanoUsd } = request;
  const isPlain = periods.every(isPlainPeriod);
  const asked = periods.map(({ key }) => askedIn(measureOf(key), request));
  return {
    attemptKey: keys.attempt(attemptId),
    numbers: [
      ttlMs,
      enforce ? 1 : 0,
      ...limbs(expectedNanoUsd),
      ...limbs(worstNanoUsd),
      isPlain ? PLAIN_VALUES : ALL_VALUES,
    ],
    budgets: periods.map((period, position) => ({
      key: keys.budget(period.key),
      numbers: [...plainNumbers(period), ...(isPlain ? [] : otherNumbers(period, asked[position]))],
    })),
    values: [
      String(version),
      askId,
      amountsToText(asked.map(({ expected }) => expected)),
      amountsToText(asked.map(({ worst }) => worst)),
      entriesToText(periods),
    ],
  };
}

function isPlainPeriod({ key, budget }: BudgetPeriod): boolean {
  return isEnforced(budget) && budget.overageBasisPoints === undefined && measureOf(key) === 'usd';
}

function plainNumbers({ budget, periodStartMs, periodEndMs }: BudgetPeriod): number[] {
  return [...limbs(budget.limit), periodStartMs, periodEndMs];
}

function otherNumbers(
  { budget }: BudgetPeriod,
  { expected, worst }: Tracks = { expected: 0n, worst: 0n },
): number[] {
  return [isEnforced(budget) ? 1 : 0, ...limbs(hardLimit(budget)), ...limbs(expected), ...limbs(worst)];
}
