import { INTERNAL_GROUPS, type MinuteStretch, USAGE_GROUPS } from '@tallygate/reconcile';
import type { SpendHistory, SpendRow } from '@tallygate/usage';
import type { ApiKeyMatcher } from './match-api-keys.ts';
import type { BillingReports } from './pull-provider.ts';

/** Minute by minute, but only for the days and keys on which something was estimated: a day is 1440 buckets a page. */
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

interface MinutePull {
  history: SpendHistory;
  adminApi: BillingReports;
  organization: string;
  internal: readonly SpendRow[];
  keys: ApiKeyMatcher;
  /** End of the last minute that the provider can be asked for. */
  knownUntilMs: number;
}

export async function pullMinutes(pull: MinutePull): Promise<MinuteStretch[]> {
  const estimated = pull.internal.filter(isEstimatedHere);
  const apiKeyIds = [...new Set(estimated.map((row) => pull.keys.idOf(row)))]
    .filter((id) => id !== null)
    .sort();
  const stretches: MinuteStretch[] = [];
  for (const { fromMs, toMs } of runsOfDays(estimated, pull.knownUntilMs)) {
    const internal = await pull.history.spend({
      organization: pull.organization,
      fromMs,
      toMs,
      by: 'ended',
      groupBy: ['minute', ...INTERNAL_GROUPS],
    });
    // Without one known key every estimate stays unexplained; asking without a filter would read everybody's minutes for nothing.
    const usage = apiKeyIds.length === 0 ? [] : await minutesOf(pull.adminApi, fromMs, toMs, apiKeyIds);
    stretches.push({ fromMs, toMs, internal, usage });
  }
  return stretches;
}

function minutesOf(adminApi: BillingReports, fromMs: number, toMs: number, apiKeyIds: string[]) {
  const groupBy = [...USAGE_GROUPS];
  return adminApi.messagesUsage({ fromMs, toMs, bucketWidth: '1m', groupBy, filters: { apiKeyIds } });
}

function isEstimatedHere(row: SpendRow): boolean {
  return row.group.basis === 'estimated' && row.group.backend === 'anthropic';
}

/** Adjacent days become one stretch, so that a minute beside midnight keeps its neighbour. */
function runsOfDays(rows: readonly SpendRow[], knownUntilMs: number): { fromMs: number; toMs: number }[] {
  const days = [...new Set(rows.map((row) => Date.parse(row.group.day ?? '')))].sort((a, b) => a - b);
  const runs: { fromMs: number; toMs: number }[] = [];
  for (const dayMs of days) {
    const last = runs.at(-1);
    if (last?.toMs === dayMs) last.toMs = dayMs + DAY_MS;
    else runs.push({ fromMs: dayMs, toMs: dayMs + DAY_MS });
  }
  const known = runs.map((run) => ({ ...run, toMs: Math.min(run.toMs, knownUntilMs) }));
  return known.filter((run) => run.toMs - run.fromMs >= MINUTE_MS);
}
