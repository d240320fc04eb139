import { isoFromMs, type SentAlert } from '@tallygate/usage';
import type { ResolvedConfig } from '../../configuration/resolved.ts';
import { attempt, type Check, ok, warn } from '../check.ts';
import type { CliContext, CliRuntime } from '../context.ts';
import { allAlerts } from './list-alerts.ts';

const NAME = 'alerts';
const LOOKED_BACK_MS = 31 * 86_400_000;
/** Longer than whoever is told looks for them; shorter than a person would wait. */
const WAITS_LONG_MS = 5 * 60_000;

/** Is anybody told when a budget reaches a threshold? */
export async function checkAlerts(
  context: CliContext,
  { gate, history, organization }: CliRuntime,
  { alertWebhookUrl }: Pick<ResolvedConfig, 'alertWebhookUrl'>,
): Promise<Check> {
  const nowMs = context.clock.nowMs();
  const range = { organization, fromMs: nowMs - LOOKED_BACK_MS, toMs: nowMs };
  const asked = await attempt(NAME, () => allAlerts(gate.outbox, history, range));
  if ('failed' in asked) return asked.failed;
  const untold = asked.value.filter(({ outcome }) => outcome === 'untold');
  const late = asked.value.filter((alert) => waitsLong(alert, nowMs));
  const [oldest] = late;
  if (oldest !== undefined) {
    const found = `${late.length} wait, the oldest since ${isoFromMs(oldest.crossedAtMs)}`;
    return warn(NAME, found, cureOfWaiting(alertWebhookUrl));
  }
  const [last] = untold.slice(-1);
  if (last === undefined) return ok(NAME, `${asked.value.length} in the last 31 days, none waits`);
  const found = `nobody was told of ${untold.length} in the last 31 days; of the last because: ${last.detail}`;
  return warn(NAME, found, 'Correct TALLYGATE_ALERT_WEBHOOK_URL; see them with "tallygate alerts list".');
}

function waitsLong({ outcome, crossedAtMs }: SentAlert, nowMs: number): boolean {
  return outcome === 'waiting' && nowMs - crossedAtMs > WAITS_LONG_MS;
}

function cureOfWaiting(alertWebhookUrl: string | null): string {
  if (alertWebhookUrl !== null)
    return 'Start a process with TALLYGATE_ALERT_WEBHOOK_URL, such as "tallygate serve" or the control plane, and look at its log.';
  return 'Set TALLYGATE_ALERT_WEBHOOK_URL where a process always runs, or pass onAlert to tallygate().';
}
