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
        const { budget, ...rest } = balance;
        return { ...budget, ...rest, availableNanoUsd: availableNanoUsd(balance) };
      }),
    };
    return answerJson(context, { schema: 'tallygate.budgets/1', ...toDocument(body) });
  };
}
