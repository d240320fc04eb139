import { TallygateError } from '@tallygate/usage';
import type { AdminApi } from './admin-api.ts';
import { isNotOffered } from './provider-client.ts';

/** What an admin key may read: people ask this first when a figure is missing. */
export const REPORTS = ['analytics', 'usage', 'cost', 'Claude Code', 'API keys', 'workspaces'] as const;
export type ReportName = (typeof REPORTS)[number];

const DAY_MS = 86_400_000;

/**
 * Asks each report for one day that is over.
 * @throws TallygateError `TALLYGATE_KEY_REJECTED` where the key opens nothing at all, and whatever else keeps a report from answering.
 */
export async function readableReports(
  adminApi: Omit<AdminApi, 'readableReports'>,
  nowMs: number,
): Promise<ReadonlySet<ReportName>> {
  const toMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const day = { fromMs: toMs - DAY_MS, toMs, bucketWidth: '1d', groupBy: [] } as const;
  const questions: Record<ReportName, () => Promise<unknown>> = {
    analytics: () => adminApi.analyticsCost({ ...day, groupBy: [] }),
    usage: () => adminApi.messagesUsage({ ...day, groupBy: [] }),
    cost: () => adminApi.costs({ ...day, groupBy: [] }),
    'Claude Code': () => adminApi.claudeCode(day.fromMs),
    'API keys': () => adminApi.apiKeys(),
    workspaces: () => adminApi.workspaces(),
  };
  const readable = new Set<ReportName>();
  for (const name of REPORTS) if (await answers(questions[name])) readable.add(name);
  if (readable.size > 0) return readable;
  throw new TallygateError('TALLYGATE_KEY_REJECTED', { message: 'The admin key opens none of the reports.' });
}

/** A list that is not offered reads null. */
async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    return (await ask()) !== null;
  } catch (error) {
    if (isNotOffered(error)) return false;
    throw error;
  }
}
