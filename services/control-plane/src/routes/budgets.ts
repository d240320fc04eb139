import { availableIn } from '@tallygate/report';
import { amountFields } from '@tallygate/usage';
import type { Handler } from 'hono';
import { valuesOfBudgets } from 'tallygate';
import { answerJson } from '../answers.ts';
import { toDocument } from '../document.ts';
import type { RouteParts } from './parts.ts';

const VALUES_SHOWN = 100;

/**
 * `GET /v1/budgets`: every budget in its current period, as the gate has it now. Of one with `each`, `each` says how many values were
 * charged, and the dearest of them are among the budgets.
 */
export function budgets({ runtime, clock }: RouteParts): Handler {
  const { organization, gate, remoteBackend } = runtime;
  return async (context) => {
    const { history } = remoteBackend;
    const ofValues = await valuesOfBudgets({ organization, gate, history }, VALUES_SHOWN);
    const balances = [...(await gate.balances()), ...ofValues.flatMap(({ shown }) => shown)];
    const body = {
      organization,
      atMs: clock.nowMs(),
      budgets: balances.map((balance) => {
        const { budget, spent, held, ...period } = balance;
        const { limit, ...named } = budget;
        const amounts = { limit, spent, held, available: availableIn(balance) };
        return { ...named, ...period, ...amountFields(amounts, budget.measure) };
      }),
      each: ofValues.map(({ budget, count, shown }) => ({
        ...{ id: budget.id, each: budget.each, charged: count, shown: shown.length },
      })),
    };
    return answerJson(context, { schema: 'tallygate.budgets/1', ...toDocument(body) });
  };
}
