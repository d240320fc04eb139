import { parsePeriodKey } from '@tallygate/gate';
import type { OutageAllowance } from '@tallygate/meter';
import {
  allowanceOf,
  type Budget,
  type BudgetGate,
  formatAmount,
  type Hold,
  TallygateError,
} from '@tallygate/usage';
import { isWithoutGate } from './pin-hold.ts';

/**
 * What this process may admit while no gate answers, for budgets of `onOutage: allowance`. A call takes what it can cost at
 * most and gives nothing back. An outage is over, and its allowances are whole again, when the gate has answered a reserve
 * since the last taking and has settled all that was taken.
 *
 * The journal is the spool: a call's hold lies there from before it is sent until it is settled. So what a dead process took is
 * taken from its successor's allowance, and a process that is restarted over and over gets no more than one that lives.
 */
export interface OutageAllowances extends OutageAllowance {
  /** The same gate: its answers tell when an outage is over. */
  watch(gate: BudgetGate): BudgetGate;
}

type Taken = Map<string, bigint>;

/** @param leftBehind holds of dead processes that no gate has ended. Read once an outage, at its first taking. */
export function createOutageAllowances(leftBehind: () => Promise<readonly Hold[]>): OutageAllowances {
  let taken: Taken = new Map();
  let takenBefore: Promise<Taken> | null = null;
  let hasAnswered = false;
  const unsettled = new Set<string>();

  function renewWhenOver(): void {
    if (!hasAnswered || unsettled.size > 0) return;
    taken = new Map();
    takenBefore = null;
  }

  const settling =
    <Asked, Reply>(end: (asked: Asked) => Promise<Reply>, attemptIdOf: (asked: Asked) => string) =>
    async (asked: Asked): Promise<Reply> => {
      const reply = await end(asked);
      unsettled.delete(attemptIdOf(asked));
      return reply;
    };

  return {
    async take(hold, budgets, outage) {
      renewWhenOver();
      takenBefore ??= readTaken(leftBehind, outage);
      const reading = takenBefore;
      const before = await reading.catch((error: unknown) => {
        if (takenBefore === reading) takenBefore = null;
        throw error;
      });
      for (const budget of budgets) {
        const used = (taken.get(budget.id) ?? 0n) + (before.get(budget.id) ?? 0n);
        const needed = takenBy(hold).get(budget.id) ?? 0n;
        if (used + needed > allowanceOf(budget)) throw usedUp(budget, used, needed, outage);
      }
      addTo(taken, hold);
      unsettled.add(hold.attemptId);
      hasAnswered = false;
    },
    watch: (gate) => ({
      ...gate,
      async reserve(request) {
        const reply = await gate.reserve(request);
        hasAnswered = true;
        return reply;
      },
      settle: settling(gate.settle, ({ hold }) => hold.attemptId),
      release: settling(gate.release, ({ attemptId }) => attemptId),
    }),
  };
}

async function readTaken(leftBehind: () => Promise<readonly Hold[]>, outage: TallygateError): Promise<Taken> {
  const taken: Taken = new Map();
  try {
    for (const hold of await leftBehind()) if (isWithoutGate(hold)) addTo(taken, hold);
    return taken;
  } catch (cause) {
    throw new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
      message: `${outage.message} What earlier processes have spent of the allowance for outages cannot be read (${String(cause)}).`,
      cause,
    });
  }
}

function addTo(taken: Taken, hold: Hold): void {
  for (const [budgetId, amount] of takenBy(hold)) taken.set(budgetId, (taken.get(budgetId) ?? 0n) + amount);
}

function takenBy({ entries }: Hold): Taken {
  return new Map(entries.map(({ key, worst }) => [parsePeriodKey(key)?.budgetId ?? key, worst]));
}

function usedUp(budget: Budget, used: bigint, needed: bigint, outage: TallygateError): TallygateError {
  const [allowance, taken, call] = [allowanceOf(budget), used, needed].map((amount) =>
    formatAmount(amount, budget.measure),
  );
  return new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
    message: `No gate answers, and of the ${allowance} that budget "${budget.id}" allows in an outage ${taken} are taken; this call can cost ${call}.`,
    cure: 'Check that Redis or the owner process is reachable: the allowance is whole again once it answers and has settled what was spent meanwhile. A call with a lower max_tokens may still fit.',
    cause: outage,
  });
}
