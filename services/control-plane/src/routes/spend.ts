import { spendStatement } from '@tallygate/report';
import type { Handler } from 'hono';
import { answerJson } from '../answers.ts';
import { toDocument } from '../document.ts';
import type { RouteParts } from './parts.ts';
import { parseSpendRequest } from './spend-request.ts';

/** `GET /v1/spend`: lines by the chosen dimensions, and their exact sum. By the instant a call ended, as the provider bills. */
export function spend({ runtime, clock }: RouteParts): Handler {
  const { organization, remoteBackend } = runtime;
  return async (context) => {
    const { groupBy, fromMs, toMs } = parseSpendRequest(context.req.queries(), clock.nowMs());
    const query = { organization, fromMs, toMs, by: 'ended' as const, groupBy };
    const { lines, total } = spendStatement(await remoteBackend.history.spend(query), { groupBy });
    const { group: _none, ...sum } = total;
    const body = { organization, fromMs, toMs, groupBy, lines, total: sum };
    return answerJson(context, { schema: 'tallygate.spend/1', ...toDocument(body) });
  };
}
