import type { ConfigurationSnapshot, NanoUsd } from '@tallygate/usage';
import { type Attempt, attemptsOf, byKey } from './gate-attempts.ts';
import { falseDenials } from './gate-denials.ts';
import type { Suffered } from './gate-faults.ts';
import type { Noted } from './gate-journal.ts';
import { endedTwice } from './gate-repeated.ts';
import { isAtRisk } from './gate-risk.ts';
import { isOverAdmitted } from './gate-room.ts';

/** What was spent in truth, by the journals alone, and what the faults excuse. */
export interface Judgement {
  operations: number;
  /** Budget periods in which more was spent, or admitted at its worst, than the limit and all that the faults put at risk. */
  overLimit: number;
  /** The largest sum that any budget period was exceeded by. */
  maxOverspendNanoUsd: NanoUsd;
  /** The most that the faults excuse on any one budget period that has a limit within reach. */
  boundNanoUsd: NanoUsd;
  /** Denials of what would have fitted even if everything that may be held were held. */
  falseDenials: number;
  /** Calls whose end, repeated in the same epoch, was no repetition, and no fault explains it. */
  endedTwice: number;
  /** Ends that were asked for and whose answer, or whose number, a fault may have taken. */
  endsInDoubt: number;
}

export function judge(
  notes: readonly Noted[],
  suffered: Suffered,
  { budgets }: ConfigurationSnapshot,
): Judgement {
  const attempts = attemptsOf(notes);
  const limits = new Map(budgets.map(({ id, limit }) => [id, limit]));
  const groups = byKey(attempts.values());
  const found = [...groups].map(([key, group]) => {
    const limit = limits.get(key.split(':')[0] ?? '') ?? 0n;
    const sent = group.filter(({ sentMs }) => sentMs !== Number.POSITIVE_INFINITY);
    const lastAskedMs = Math.max(...group.map(({ askedMs }) => askedMs));
    const overspend = sum(sent) - limit;
    const bound = sum(sent.filter((attempt) => isAtRisk(attempt, suffered, lastAskedMs)));
    const isOver = overspend > bound || isOverAdmitted(group, suffered, limit);
    return { overspend, bound, isOver, isUsed: sum(sent) * 2n > limit };
  });
  return {
    operations: notes.filter(({ step }) => ['held', 'denied', 'ended'].includes(step)).length,
    overLimit: found.filter(({ isOver }) => isOver).length,
    maxOverspendNanoUsd: largest(found.map(({ overspend }) => overspend)),
    boundNanoUsd: largest(found.filter(({ isUsed }) => isUsed).map(({ bound }) => bound)),
    falseDenials: falseDenials(notes, attempts),
    endedTwice: endedTwice(notes, suffered),
    endsInDoubt: [...attempts.values()].filter((attempt) => isEndInDoubt(attempt, suffered)).length,
  };
}

/** Its number was given out and forgotten, or its process died before it recorded it. */
function isEndInDoubt({ endingMs, endedMs }: Attempt, { losses }: Suffered): boolean {
  if (endingMs === Number.POSITIVE_INFINITY) return false;
  return (
    endedMs === Number.POSITIVE_INFINITY ||
    losses.some(({ fromMs, toMs }) => endingMs < toMs && endedMs > fromMs)
  );
}

function sum(attempts: readonly Attempt[]): NanoUsd {
  return attempts.reduce((total, { charge }) => total + charge, 0n);
}

function largest(amounts: readonly NanoUsd[]): NanoUsd {
  return amounts.reduce((most, amount) => {
    if (amount <= most) return most;
    return amount;
  }, 0n);
}
