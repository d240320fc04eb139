import { usageDocument } from '@tallygate/report';
import { isoFromMs } from '@tallygate/usage';
import type { Handler } from 'hono';
import { answerJson } from '../answers.ts';
import type { RouteParts } from './parts.ts';
import { parseUsageRequest } from './usage-request.ts';

/** `GET /v1/usage`: what `tallygate report` shows, for dashboards. By the instant a call ended, as the provider bills. */
export function usage({ runtime, clock }: RouteParts): Handler {
  const { organization, remoteBackend } = runtime;
  return async (context) => {
    const asked = parseUsageRequest(context.req.queries(), clock.nowMs());
    const answer = await remoteBackend.history.usage({ organization, by: 'ended', ...asked });
    const { groupBy, tagKey = null, percentiles = false, fromMs, toMs } = asked;
    const range = { from: isoFromMs(fromMs), to: isoFromMs(toMs) };
    const statement = usageDocument({ ...answer, groupBy, tagKey, percentiles });
    return answerJson(context, { schema: 'tallygate.usage/1', organization, ...range, ...statement });
  };
}
