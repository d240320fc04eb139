import type { Hold } from '@tallygate/usage';
import { amountsToText, type Charge, chargedTo } from './amounts.ts';
import { entriesToText } from './attempt-record.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import type { Question } from './gathered-scripts.ts';
import { budgetKeyIn, measureOf, type RedisKeys } from './keys.ts';
import { limbs } from './limbs.ts';

/** With the position of its key, which is known when questions are gathered. */
const PLAIN_VALUES = 3;
const ALL_VALUES = 5;
const VALUES_WITH_PACE = 6;

/** An end as `lua/settle.lua` takes it. Where all budgets are in USD, and none shared it with a pool, their amount is sent once. */
export function settleQuestion(
  keys: RedisKeys,
  { attemptId, budgetInstantMs }: Pick<Hold, 'attemptId' | 'budgetInstantMs'>,
  kind: 'settle' | 'release',
  charge: Charge,
  entries: readonly PinnedPeriod[],
  isPaced: (periodKey: string) => boolean,
): Question {
  const amounts = entries.map((entry) => chargedTo(entry, charge));
  const paces = entries.map(({ key }) => (isPaced(key) ? keys.pace(budgetKeyIn(key)) : null));
  const hasPaces = paces.some((pace) => pace !== null);
  const isPlain = !hasPaces && entries.every(isPlainEntry);
  return {
    attemptKey: keys.attempt(attemptId),
    numbers: [
      ...limbs(charge.amountNanoUsd),
      hasPaces ? VALUES_WITH_PACE : isPlain ? PLAIN_VALUES : ALL_VALUES,
    ],
    budgets: entries.map(({ key, periodStartMs, periodEndMs }, position) => ({
      key: keys.budget(key),
      numbers: [periodStartMs, periodEndMs, ...(isPlain ? [] : limbs(amounts[position] ?? 0n))],
      ...(hasPaces ? { paceKey: paces[position] ?? null } : {}),
    })),
    values: [
      kind === 'settle' ? 'S' : 'V',
      amountsToText(amounts),
      entriesToText(entries),
      String(budgetInstantMs),
    ],
  };
}

function isPlainEntry({ key, paysUpTo, paysFrom }: PinnedPeriod): boolean {
  return measureOf(key) === 'usd' && paysUpTo === undefined && paysFrom === undefined;
}
