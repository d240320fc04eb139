import type { Clock, Logger } from '@tallygate/usage';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { callbackSink, type OnAlert } from './alert-sink.ts';
import { type AlertDelivery, deliverAlerts } from './deliver-alerts.ts';
import { webhookSink } from './webhook-sink.ts';

export interface AlertOptions {
  config: Pick<ResolvedConfig, 'alertWebhookUrl'>;
  onAlert: OnAlert | undefined;
  clock: Clock;
  logger: Logger;
}

/** Who has somebody to tell looks for alerts; null: nobody here is told, and alerts are left to others. */
export function startAlerts(
  { organization, gate, history }: Pick<Runtime, 'organization' | 'gate' | 'history'>,
  { config, onAlert, clock, logger }: AlertOptions,
): AlertDelivery | null {
  const sinks = [
    ...(config.alertWebhookUrl === null ? [] : [webhookSink(config.alertWebhookUrl)]),
    ...(onAlert === undefined ? [] : [callbackSink(onAlert)]),
  ];
  if (sinks.length === 0) return null;
  return deliverAlerts({ organization, gate, history, sinks, clock, logger });
}
