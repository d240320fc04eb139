import { toWireJson } from '@tallygate/usage';
import type { AlertSink, Told } from './alert-sink.ts';
import type { BudgetAlert } from './budget-alert.ts';

const DEADLINE_MS = 10_000;
/** Refusals that time can cure; every other one of the kind 4xx is meant. */
const TRY_AGAIN = new Set([408, 429]);

/**
 * Posts alerts as JSON, with their id as `Idempotency-Key`; in the form of Slack where the URL is one of its incoming webhooks. A
 * redirect is not followed: what was asked for is this address. The URL may be a secret, so that only its host is ever named.
 */
export function webhookSink(url: string): AlertSink {
  const { host, hostname } = new URL(url);
  const bodyOf = hostname === 'hooks.slack.com' ? slackBody : alertBody;
  return {
    async tell(alert): Promise<Told> {
      try {
        return toldBy(host, await post(url, alert.id, bodyOf(alert)));
      } catch (error) {
        // Only its kind: the message of such an error can quote the URL.
        const kind = error instanceof Error ? error.name : typeof error;
        return { outcome: 'later', detail: `no answer from ${host} (${kind})` };
      }
    },
  };
}

function toldBy(host: string, status: number): Told {
  if (status >= 200 && status < 300) return { outcome: 'told', detail: `webhook ${host}` };
  const isMeant = status >= 300 && status < 500 && !TRY_AGAIN.has(status);
  return { outcome: isMeant ? 'untold' : 'later', detail: `HTTP ${status} from ${host}` };
}

async function post(url: string, id: string, body: string): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': id },
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  await response.body?.cancel();
  return response.status;
}

function alertBody(alert: BudgetAlert): string {
  return toWireJson({ schema: 'tallygate.alert/1', ...alert });
}

function slackBody({ text }: BudgetAlert): string {
  return toWireJson({ text });
}
