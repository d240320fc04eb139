import type { UsageBucket, UsageQuestion } from '@tallygate/admin-api';
import { MINUTE_GROUPS, type MinuteStretch, type Suspects, WORKSPACE_GROUPS } from '@tallygate/reconcile';
import type { SpendHistory, SpendRow } from '@tallygate/usage';
import { ONLY_FAST } from './fast-parts.ts';
import { orNull } from './or-null.ts';
import type { BillingReports } from './pull-provider.ts';

/** Minute by minute, but only days and keys that differ or hold a guess: a day is 1440 buckets a page. */
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Beyond the edges of the range, so that what slipped over midnight there is seen on the other side. */
export const MARGIN_MS = 2 * MINUTE_MS;

interface MinutePull {
  history: SpendHistory;
  adminApi: BillingReports;
  organization: string;
  /** Days and keys. */
  wanted: Suspects['minutes'];
  /** Which rows of ours have only a hint of these keys. */
  hintsOf(apiKeyIds: readonly string[]): string[];
  /** End of the last minute that the provider can be asked for. */
  knownUntilMs: number;
}

export async function pullMinutes(pull: MinutePull): Promise<MinuteStretch[]> {
  const stretches: MinuteStretch[] = [];
  for (const { fromMs, toMs, apiKeyIds, isFast } of runsOfDays(pull.wanted, pull.knownUntilMs)) {
    const internal = await readMinutes(pull, { fromMs, toMs, apiKeyIds });
    const question = { fromMs, toMs, bucketWidth: '1m' as const, filters: { apiKeyIds } };
    const reports = await usageOf(question, pull.adminApi);
    const fastUsage = isFast === true ? await fastOf(question, pull.adminApi) : isFast === null ? null : [];
    stretches.push({ fromMs, toMs, apiKeyIds, internal, ...reports, fastUsage });
  }
  return stretches;
}

/** A day and what is read around it: a stretch of one day is one question. */
const MINUTES_AT_ONCE_MS = DAY_MS + 2 * MARGIN_MS;

/**
 * Of these keys alone: of all together, minutes are as many as rows. And about a day at a time: to put a month of them in order at once
 * takes more memory than an embedded engine is given.
 */
async function readMinutes(
  { history, organization, hintsOf }: MinutePull,
  { fromMs, toMs, apiKeyIds }: Omit<Run, 'isFast'>,
): Promise<SpendRow[]> {
  const groupBy = ['minute' as const, ...MINUTE_GROUPS];
  const hints = hintsOf(apiKeyIds);
  const rows: SpendRow[][] = [];
  for (let startMs = fromMs; startMs < toMs; startMs += MINUTES_AT_ONCE_MS) {
    const part = { fromMs: startMs, toMs: Math.min(startMs + MINUTES_AT_ONCE_MS, toMs) };
    const question = { organization, ...part, by: 'ended' as const, groupBy };
    rows.push(await history.spend({ ...question, filter: { apiKeyId: apiKeyIds } }));
    if (hints.length > 0)
      rows.push(await history.spend({ ...question, filter: { apiKeyId: [''], apiKeyHint: hints } }));
  }
  return rows.flat();
}

type Question = Omit<UsageQuestion, 'groupBy'> & { filters: { apiKeyIds: string[] } };

/** Asked for as the days were, of which it is known that there is some. */
async function fastOf(question: Question, adminApi: BillingReports): Promise<UsageBucket[]> {
  const filters = { ...question.filters, ...ONLY_FAST };
  return (await usageOf({ ...question, filters }, adminApi)).usage;
}

/** From the older report, which is fresher; where it is not offered, from the analytics as far as they have come. */
async function usageOf(
  question: Question,
  adminApi: BillingReports,
): Promise<{ usage: UsageBucket[]; completeToMs: number | null }> {
  const groupBy = [...WORKSPACE_GROUPS];
  const usage = await orNull(() => adminApi.messagesUsage({ ...question, groupBy }));
  if (usage !== null) return { usage, completeToMs: null };
  const { buckets, refreshedAtMs } = await adminApi.analyticsUsage({ ...question, groupBy });
  return { usage: buckets, completeToMs: refreshedAtMs ?? question.fromMs };
}

interface Run {
  fromMs: number;
  toMs: number;
  apiKeyIds: string[];
  isFast: boolean | null;
}

/** Adjacent days become one stretch, so that a minute beside midnight keeps its neighbour. */
function runsOfDays(wanted: Suspects['minutes'], knownUntilMs: number): Run[] {
  const runs: { fromMs: number; toMs: number; keys: Set<string>; isFast: boolean | null }[] = [];
  for (const { dayMs, apiKeyId, isFast } of wanted) {
    const last = runs.at(-1);
    if (last === undefined || last.toMs < dayMs)
      runs.push({ fromMs: dayMs, toMs: dayMs + DAY_MS, keys: new Set([apiKeyId]), isFast });
    else {
      last.toMs = dayMs + DAY_MS;
      last.keys.add(apiKeyId);
      last.isFast = last.isFast === null ? null : last.isFast || isFast;
    }
  }
  return runs
    .map(({ fromMs, toMs, keys, isFast }) => ({
      isFast,
      fromMs: fromMs - MARGIN_MS,
      toMs: Math.min(toMs + MARGIN_MS, knownUntilMs),
      apiKeyIds: [...keys].sort(),
    }))
    .filter((run) => run.toMs - run.fromMs > MARGIN_MS);
}
