import { hardLimit, isEnforced, type ReserveRequest } from '@tallygate/usage';
import type { Tracks } from './admission.ts';
import { amountsToText, askedIn } from './amounts.ts';
import { entriesToText } from './attempt-record.ts';
import type { BudgetPeriod } from './budget-periods.ts';
import type { Question } from './gathered-scripts.ts';
import { budgetKey, measureOf, type RedisKeys } from './keys.ts';
import { limbs } from './limbs.ts';

/** With the position of its key, which is known when questions are gathered. */
const PLAIN_VALUES = 5;
const UNLIKE_VALUES = 12;
const VALUES_WITH_POOL = 13;
const VALUES_WITH_PACE = 14;

/** In the place where a budget names that of its pool. */
const NO_POOL = 0;
const IS_POOL = -1;

/**
 * A reserve as `lua/reserve.lua` takes it. Most budgets are plain, and then nothing of the others is sent.
 *
 * @param periods of budgets, and behind them those of their pools
 */
export function reserveQuestion(
  keys: RedisKeys,
  request: ReserveRequest,
  periods: readonly BudgetPeriod[],
  { askId, version }: { askId: string; version: number },
): Question {
  const { attemptId, ttlMs, enforce, expectedNanoUsd, worstNanoUsd } = request;
  const width = widthOf(periods);
  const asked = periods.map(({ key }) => askedIn(measureOf(key), request));
  return {
    attemptKey: keys.attempt(attemptId),
    numbers: [ttlMs, enforce ? 1 : 0, ...limbs(expectedNanoUsd), ...limbs(worstNanoUsd), width],
    budgets: periods.map((period, position) => ({
      key: keys.budget(period.key),
      numbers: [
        ...plainNumbers(period),
        ...(width === PLAIN_VALUES ? [] : otherNumbers(period, asked[position])),
        ...(width >= VALUES_WITH_POOL ? [poolPlace(period, periods)] : []),
      ],
      ...(width === VALUES_WITH_PACE ? { paceKey: paceKeyOf(keys, period) } : {}),
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

function widthOf(periods: readonly BudgetPeriod[]): number {
  if (periods.every(isPlainPeriod)) return PLAIN_VALUES;
  if (periods.some(({ budget }) => budget.velocity !== undefined)) return VALUES_WITH_PACE;
  return periods.some(({ pool }) => pool !== undefined) ? VALUES_WITH_POOL : UNLIKE_VALUES;
}

/** Counted from one, as scripts do. */
function poolPlace({ budget, pool }: BudgetPeriod, periods: readonly BudgetPeriod[]): number {
  if (budget.isPool === true) return IS_POOL;
  return pool === undefined ? NO_POOL : 1 + periods.findIndex(({ key }) => key === pool.key);
}

function isPlainPeriod({ key, budget, pool }: BudgetPeriod): boolean {
  const isUnlike =
    budget.overageBasisPoints !== undefined || budget.velocity !== undefined || measureOf(key) !== 'usd';
  return isEnforced(budget) && !isUnlike && pool === undefined;
}

function paceKeyOf(keys: RedisKeys, { budget }: BudgetPeriod): string | null {
  return budget.velocity === undefined ? null : keys.pace(budgetKey(budget));
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
