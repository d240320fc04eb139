import { type AdminApi, isNotOffered } from '@tallygate/admin-api';
import type { ReportVersion } from '@tallygate/usage';
import { keepPulls, type PullHooks, type PullsOptions } from '../pulls/index.ts';
import { isNoDataYet, pullProviderDays } from '../reconciliation/index.ts';
import { type DueDay, dueDays, duePeriod, PULLED_DAY } from './due-days.ts';

export interface DuePullsOptions extends Omit<PullsOptions, 'freshFromMs' | 'onVersion'> {
  /** Of the provider; null: the only one there is. */
  organizationId: string | null;
  open(hooks: PullHooks): AdminApi;
  /** Asked before each day; what is left then is due the next time. */
  mayGoOn(): boolean;
  /** Told after each day. */
  onDay(day: PulledDay): void;
}

export interface PulledDay {
  dayMs: number;
  /** How many days are still due. */
  left: number;
}

const DAY_MS = 86_400_000;

/**
 * Pulls every day again that is due, one report after the other. The only state are the stored versions: what was stored since a
 * day is due is not pulled again, so a pull that was cut off goes on where it was.
 *
 * @returns how many days are left. Rejects like `AdminApi`, after having stored what it read.
 */
export async function pullDueDays(options: DuePullsOptions): Promise<number> {
  const { organization, organizationId, versions, clock, mayGoOn, onDay } = options;
  const nowMs = clock.nowMs();
  const stored = await versions.list({ organization, ...duePeriod(nowMs) });
  const isOwn = ({ providerOrganizationId: id }: ReportVersion) => id === (organizationId ?? id);
  const due = dueDays(stored.filter(isOwn), nowMs);
  let left = due.length;
  for (const day of due) {
    if (!mayGoOn()) break;
    try {
      await pullDay(options, day);
    } catch (error) {
      // The provider is behind on this day, not on those before it.
      if (isNoDataYet(error)) continue;
      throw error;
    }
    left -= 1;
    onDay({ dayMs: day.dayMs, left });
  }
  return left;
}

async function pullDay(options: DuePullsOptions, { dayMs, sinceMs }: DueDay): Promise<void> {
  const { organization, versions, clock, open } = options;
  const read: ReportVersion[] = [];
  const onVersion = (version: ReportVersion) => void read.push(version);
  const adminApi = open(keepPulls({ ...options, freshFromMs: sinceMs, onVersion }));
  const pulledAtMs = clock.nowMs();
  const range = { fromMs: dayMs, toMs: dayMs + DAY_MS };
  await pullProviderDays(adminApi, { ...range, nowMs: pulledAtMs });
  await offered(() => adminApi.claudeCode(dayMs));
  const providerOrganizationId = options.organizationId ?? read[0]?.providerOrganizationId ?? '';
  const body = { versions: read.map(({ report, bodyHash }) => ({ report, bodyHash })) };
  const pull = { organization, providerOrganizationId, report: PULLED_DAY, ...range, pulledAtMs, body };
  await versions.append(pull);
}

/** Claude Code is reported to few; that it is not is no fault of the pull. */
async function offered(ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!isNotOffered(error)) throw error;
  }
}
