import { availableNanoUsd } from '@tallygate/report';
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
        const { budget, spent: spentNanoUsd, held: heldNanoUsd, ...period } = balance;
        const { limit: limitNanoUsd, ...named } = budget;
        const amounts = {
          limitNanoUsd,
          spentNanoUsd,
          heldNanoUsd,
          availableNanoUsd: availableNanoUsd(balance),
        };
        return { ...named, ...period, ...amounts };
      }),
      each: ofValues.map(({ budget, count, shown }) => ({
        ...{ id: budget.id, each: budget.each, charged: count, shown: shown.length },
      })),
    };
    return answerJson(context, { schema: 'tallygate.budgets/1', ...toDocument(body) });
  };
}
