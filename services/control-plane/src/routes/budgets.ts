import { availableNanoUsd } from '@tallygate/report';
import type { Handler } from 'hono';
import { answerJson } from '../answers.ts';
import { toDocument } from '../document.ts';
import type { RouteParts } from './parts.ts';

/** `GET /v1/budgets`: every budget in its current period, as the gate has it now. */
export function budgets({ runtime, clock }: RouteParts): Handler {
  const { organization, gate } = runtime;
  return async (context) => {
    const balances = await gate.balances();
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
    };
    return answerJson(context, { schema: 'tallygate.budgets/1', ...toDocument(body) });
  };
}
