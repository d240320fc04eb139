import { type Clock, longestPeriodMs, type SentAlert, type SentAlerts } from '@tallygate/usage';

/**
 * Every alert of a period that may still run, for what was announced is not announced again, and those that were reached lately. The
 * others may be many: a budget for each user has some every day.
 */
export function announcedOf(
  history: Pick<SentAlerts, 'sentAlerts'>,
  organization: string,
  clock: Clock,
): Promise<SentAlert[]> {
  const nowMs = clock.nowMs();
  const fromMs = nowMs - longestPeriodMs('year');
  return history.sentAlerts({ organization, fromMs, toMs: nowMs, openAtMs: nowMs });
}
