import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BudgetAlert } from './budget-alert.ts';
import { startWebhook, type Webhook } from './testing/webhook.ts';
import { webhookSink } from './webhook-sink.ts';

let webhook: Webhook;
beforeEach(async () => {
  webhook = await startWebhook();
});
afterEach(() => webhook.close());

const ALERT: BudgetAlert = {
  id: 'acme|support-month:month:1790812800000|75',
  organization: 'acme',
  budget: 'support-month',
  scope: { team: 'support' },
  thresholdPercent: 75,
  spentUsd: '375.200000000',
  limitUsd: '500.000000000',
  reachedAt: '2026-10-15T12:00:00.000Z',
  text: 'Team support has spent $375.20 of $500.00.',
};

describe('a webhook', () => {
  test('is posted the alert as JSON, with its id as the key by which repetitions are known', async () => {
    const told = await webhookSink(webhook.url).tell(ALERT);
    expect(told).toEqual({ outcome: 'told', detail: `webhook ${new URL(webhook.url).host}` });
    expect(webhook.received).toEqual([{ key: ALERT.id, body: { schema: 'tallygate.alert/1', ...ALERT } }]);
  });

  test.each([400, 401, 404, 410, 302])(
    'that answers %i does not want to know: it is not tried again',
    async (status) => {
      webhook.answer = status;
      const { host } = new URL(webhook.url);
      const untold = { outcome: 'untold', detail: `HTTP ${status} from ${host}` };
      expect(await webhookSink(webhook.url).tell(ALERT)).toEqual(untold);
      expect(webhook.received).toHaveLength(1);
    },
  );

  test.each([408, 429, 500, 503])(
    'that answers %i may take it later, and its address is named by the host alone',
    async (status) => {
      webhook.answer = status;
      const detail = `HTTP ${status} from ${new URL(webhook.url).host}`;
      expect(await webhookSink(webhook.url).tell(ALERT)).toEqual({ outcome: 'later', detail });
    },
  );

  test('that cannot be reached may take it later, and its address is named by the host alone', async () => {
    const { url } = webhook;
    await webhook.close();
    const detail = `no answer from ${new URL(url).host} (TypeError)`;
    expect(await webhookSink(url).tell(ALERT)).toEqual({ outcome: 'later', detail });
    webhook = await startWebhook();
  });
});
