import type { Clock, SentAlert, SentAlerts } from '@tallygate/usage';

/** No period is longer. */
const LONGEST_PERIOD_MS = 367 * 86_400_000;

/** Every alert of a period that may still run: what was announced is not announced again. */
export function announcedOf(
  history: Pick<SentAlerts, 'sentAlerts'>,
  organization: string,
  clock: Clock,
): Promise<SentAlert[]> {
  const nowMs = clock.nowMs();
  return history.sentAlerts({ organization, fromMs: nowMs - LONGEST_PERIOD_MS, toMs: nowMs });
}
