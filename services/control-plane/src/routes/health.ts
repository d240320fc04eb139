import type { Handler } from 'hono';
import { answerJson } from '../answers.ts';
import { type Answer, answerWithin } from '../patience.ts';
import type { RouteParts } from './parts.ts';

/** Liveness: this process answers. Says nothing about gate and ledger, whose outage a restart would not cure. */
export const healthz: Handler = (context) => answerJson(context, { status: 'ok' });

/**
 * Readiness: `{ status, gate, ledger }`, each "ok" or the code of what is wrong; 503 unless both answer. Codes only: a probe
 * needs no token, and a message can name directories and processes. The log has it.
 */
export function readyz({ runtime, logger, patienceMs }: RouteParts): Handler {
  const { gate, remoteBackend, organization } = runtime;
  return async (context) => {
    const parts = {
      gate: await answerWithin(() => gate.configuration(), {
        silence: 'TALLYGATE_GATE_UNAVAILABLE',
        patienceMs,
        logger,
      }),
      ledger: await answerWithin(() => remoteBackend.history.lastConfigVersion(organization), {
        silence: 'TALLYGATE_LEDGER_UNAVAILABLE',
        patienceMs,
        logger,
      }),
    };
    const verdicts = { gate: verdict(parts.gate), ledger: verdict(parts.ledger) };
    if (verdicts.gate === 'ok' && verdicts.ledger === 'ok') {
      return answerJson(context, { status: 'ready', ...verdicts });
    }
    logger.warn('Not ready.', verdicts);
    return answerJson(context, { status: 'not ready', ...verdicts }, 503);
  };
}

function verdict(answer: Answer<unknown>): string {
  return answer.known ? 'ok' : answer.error.code;
}
