import type { Hold } from '@tallygate/usage';
import { amountsToText, type Charge, chargedTo } from './amounts.ts';
import { entriesToText } from './attempt-record.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import type { Question } from './gathered-scripts.ts';
import { budgetKeyIn, measureOf, type RedisKeys } from './keys.ts';
import { limbs } from './limbs.ts';
import type { RedisSession } from './redis-session.ts';

/** With the position of its key, which is known when questions are gathered. */
const PLAIN_VALUES = 3;
const ALL_VALUES = 5;
const VALUES_WITH_PACE = 6;

/** An end as `lua/settle.lua` takes it. Where all budgets are in USD, and none shared it with a pool, their amount is sent once. */
export function settleQuestion(
  keys: RedisKeys,
  hold: Pick<Hold, 'attemptId' | 'budgetInstantMs' | 'epoch'>,
  kind: 'settle' | 'release',
  charge: Charge,
  entries: readonly PinnedPeriod[],
  { isPaced, clock, recordGraceMs }: Pick<RedisSession, 'isPaced' | 'clock' | 'recordGraceMs'>,
): Question {
  const amounts = entries.map((entry) => chargedTo(entry, charge));
  const paces = entries.map(({ key }) => (isPaced(key) ? keys.pace(budgetKeyIn(key)) : null));
  const hasPaces = paces.some((pace) => pace !== null);
  const isPlain = !hasPaces && entries.every(isPlainEntry);
  return {
    attemptKey: keys.attempt(hold.attemptId),
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
      pinnedText(hold, { clock, recordGraceMs }),
    ],
  };
}

/** The instant that pinned the periods; with the epoch where the script needs it, to tell what is forgotten from what never was. */
export function pinnedText(
  hold: Pick<Hold, 'budgetInstantMs' | 'epoch'>,
  { clock, recordGraceMs }: Pick<RedisSession, 'clock' | 'recordGraceMs'>,
): string {
  const { budgetInstantMs, epoch } = hold;
  return mayBeForgotten(hold, clock.nowMs(), recordGraceMs)
    ? `${budgetInstantMs}:${epoch}`
    : String(budgetInstantMs);
}

/** Whether the record of an end before may be gone; half of its life, and what is of the future, because clocks differ. */
function mayBeForgotten(
  { budgetInstantMs }: Pick<Hold, 'budgetInstantMs'>,
  nowMs: number,
  recordGraceMs: number,
): boolean {
  const ageMs = nowMs - budgetInstantMs;
  return ageMs < 0 || ageMs >= recordGraceMs / 2;
}

function isPlainEntry({ key, paysUpTo, paysFrom }: PinnedPeriod): boolean {
  return measureOf(key) === 'usd' && paysUpTo === undefined && paysFrom === undefined;
}
