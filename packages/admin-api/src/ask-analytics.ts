import { type AnalyticsRows, type FlatRow, readAnalyticsPages } from './analytics-pages.ts';
import {
  type AnalyticsCostDimension,
  type AnalyticsDimension,
  type AnalyticsQuestion,
  analyticsQuery,
  requireAnalyticsQuestion,
  stretchesOf,
} from './analytics-question.ts';
import { analyticsCostRow, analyticsUsageRow, inBuckets } from './analytics-rows.ts';
import type { ProviderClient } from './provider-client.ts';
import { readReport } from './read-report.ts';
import type { CostRow, DatedReport, UsageRow } from './reported.ts';

/** Report family D: usage and cost by the same dimensions, from one refresh of the data, with requests and list amounts. */
const ANALYTICS_USAGE = 'analytics/usage';
const ANALYTICS_COST = 'analytics/cost';

const CONTRACT = { betas: ['analytics-usage-cost-2026-08-24'], version: '2026-10-21' };

export function readAnalyticsUsage(
  client: ProviderClient,
  question: AnalyticsQuestion<AnalyticsDimension>,
): Promise<DatedReport<UsageRow>> {
  return readStretches(client, ANALYTICS_USAGE, question, (flat) =>
    analyticsUsageRow(ANALYTICS_USAGE, flat, question.groupBy),
  );
}

export function readAnalyticsCost(
  client: ProviderClient,
  question: AnalyticsQuestion<AnalyticsCostDimension>,
): Promise<DatedReport<CostRow>> {
  return readStretches(client, ANALYTICS_COST, question, (flat) =>
    analyticsCostRow(ANALYTICS_COST, flat, question.groupBy),
  );
}

async function readStretches<Row extends { group: object }>(
  client: ProviderClient,
  report: string,
  question: AnalyticsQuestion<string>,
  rowFrom: (flat: FlatRow) => Row,
): Promise<DatedReport<Row>> {
  requireAnalyticsQuestion(question);
  const read: AnalyticsRows[] = [];
  for (const stretch of stretchesOf(question)) {
    const asked = { report, ...stretch, query: analyticsQuery(question, stretch), contract: CONTRACT };
    const pages = { report, ...stretch, bucketWidth: question.bucketWidth };
    read.push(await readReport(client, asked, (fetchPage) => readAnalyticsPages(pages, fetchPage)));
  }
  const rows = read.flatMap((stretch) => stretch.rows);
  return { buckets: inBuckets({ report, ...question }, rows, rowFrom), refreshedAtMs: earliestOf(read) };
}

/** What is true of every stretch; a stretch without data makes it null. */
function earliestOf(read: readonly AnalyticsRows[]): number | null {
  const instants = read.map(({ refreshedAtMs }) => refreshedAtMs ?? Number.NEGATIVE_INFINITY);
  const earliestMs = Math.min(...instants);
  return Number.isFinite(earliestMs) ? earliestMs : null;
}
