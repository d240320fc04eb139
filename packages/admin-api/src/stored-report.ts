import type { AnalyticsCostDimension, AnalyticsDimension } from './analytics-question.ts';
import { readAnalyticsCost, readAnalyticsUsage } from './ask-analytics.ts';
import { readCosts, readMessagesUsage } from './ask-buckets.ts';
import type { BilledDay } from './billed-csv.ts';
import { BUCKET_WIDTH_MS, type BucketWidth } from './bucket-width.ts';
import { type ClaudeCodeRow, readClaudeCodeDay } from './claude-code-report.ts';
import type { CostReportDimension } from './cost-report.ts';
import type { ProviderClient } from './provider-client.ts';
import type { ReadReport } from './read-report.ts';
import { reportMalformed } from './report-malformed.ts';
import type { CostRow, DatedReport, UsageRow } from './reported.ts';
import { BILLED_FILES, readStoredFiles } from './stored-files.ts';
import type { MessagesUsageDimension } from './usage-report-messages.ts';

/** One line of any report, in one form: what it is about, and every figure by its name, tokens as counts and amounts as pico-USD. */
export interface StoredLine {
  startMs: number;
  endMs: number;
  group: Readonly<Record<string, string | null>>;
  figures: Readonly<Record<string, bigint>>;
}

export interface StoredLines {
  lines: StoredLine[];
  /** As in `DatedReport`; undefined where the report does not say how far it has come. */
  refreshedAtMs: number | null | undefined;
}

/**
 * A report that `onReport` was given once, read again by the rules by which it was read then.
 * @returns null for a report that this version does not know.
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for a body that is none.
 */
export async function readStoredReport(
  stored: Omit<ReadReport, 'organizationId'> & { pulledAtMs: number },
): Promise<StoredLines | null> {
  const { report, question, fromMs, toMs, body, pulledAtMs } = stored;
  if (report === BILLED_FILES) return linesOfFiles(readStoredFiles(question, body));
  const words = new Map(question.split('&').map((word) => [word.split('=')[0], word.split('=')[1]]));
  const width = words.get('bucket_width') ?? words.get('time_bucket_width') ?? '1d';
  const groupBy = words.get('group_by')?.split(',') ?? [];
  const asked = { fromMs, toMs, bucketWidth: bucketWidthFrom(report, width), groupBy };
  return readAgain(report, replaying(body, pulledAtMs), asked);
}

interface Asked {
  fromMs: number;
  toMs: number;
  bucketWidth: BucketWidth;
  groupBy: string[];
}

async function readAgain(report: string, client: ProviderClient, asked: Asked): Promise<StoredLines | null> {
  const by = <Dimension extends string>() => ({ ...asked, groupBy: asked.groupBy as Dimension[] });
  if (report === 'usage_report/messages')
    return undated(await readMessagesUsage(client, by<MessagesUsageDimension>()), usageFigures);
  if (report === 'cost_report')
    return undated(await readCosts(client, by<CostReportDimension>()), costFigures);
  if (report === 'analytics/usage')
    return dated(await readAnalyticsUsage(client, by<AnalyticsDimension>()), usageFigures);
  if (report === 'analytics/cost')
    return dated(await readAnalyticsCost(client, by<AnalyticsCostDimension>()), costFigures);
  if (report !== 'usage_report/claude_code') return null;
  const rows = await readClaudeCodeDay(client, asked.fromMs);
  return { lines: rows.flatMap((row) => claudeCodeLines(row, asked.toMs)), refreshedAtMs: undefined };
}

/** Answers with one body, and has no provider to ask. */
function replaying(body: Record<string, unknown>, pulledAtMs: number): ProviderClient {
  return {
    recall: async () => body,
    get: (path) => Promise.reject(reportMalformed(path, 'is a stored one and goes on')),
    keep: async () => undefined,
    organizationId: () => null,
    // What was not over then may be missing; what was, was there.
    nowMs: () => pulledAtMs,
  };
}

function bucketWidthFrom(report: string, width: string): BucketWidth {
  if (Object.hasOwn(BUCKET_WIDTH_MS, width)) return width as BucketWidth;
  throw reportMalformed(report, `was asked for by ${width}`);
}

type Figures = StoredLine['figures'];

function dated<Row extends { group: object }>(
  { buckets, refreshedAtMs }: DatedReport<Row>,
  figuresOf: (row: Row) => Figures,
): StoredLines {
  return { ...undated(buckets, figuresOf), refreshedAtMs };
}

function undated<Row extends { group: object }>(
  buckets: DatedReport<Row>['buckets'],
  figuresOf: (row: Row) => Figures,
): StoredLines {
  const lines = buckets.flatMap(({ startMs, endMs, rows }) =>
    rows.map((row) => ({ startMs, endMs, group: { ...row.group }, figures: figuresOf(row) })),
  );
  return { lines, refreshedAtMs: undefined };
}

/** A bill from files says a day at the finest. */
function linesOfFiles(days: readonly BilledDay[]): StoredLines {
  const daily = <Row>(rowsOf: (day: BilledDay) => Row[]) =>
    days.map((day) => ({
      startMs: day.startMs,
      endMs: day.startMs + BUCKET_WIDTH_MS['1d'],
      rows: rowsOf(day),
    }));
  const usage = daily((day) => day.usage);
  const costs = daily((day) => day.costs);
  const lines = [...undated(usage, usageFigures).lines, ...undated(costs, costFigures).lines];
  return { lines, refreshedAtMs: undefined };
}

function usageFigures({ usage, requests, unknownCounts }: UsageRow): Figures {
  const counts = { ...usage, ...unknownCounts, ...(requests === null ? {} : { requests }) };
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, BigInt(count)]));
}

function costFigures({ amountPicoUsd, listAmountPicoUsd, requests }: CostRow): Figures {
  return {
    amountPicoUsd,
    ...(listAmountPicoUsd === null ? {} : { listAmountPicoUsd }),
    ...(requests === null ? {} : { requests: BigInt(requests) }),
  };
}

function actorName(actor: ClaudeCodeRow['actor']): string {
  if (actor.kind === 'other') return actor.id;
  return actor.kind === 'key' ? actor.name : actor.emailAddress;
}

function claudeCodeLines({ dayMs, models, ...row }: ClaudeCodeRow, endMs: number): StoredLine[] {
  const actor = actorName(row.actor);
  const place = { actor, customer_type: row.customerType, terminal_type: row.terminalType };
  return models.map(({ model, ...figures }) => ({
    startMs: dayMs,
    endMs,
    group: { ...place, is_remote: String(row.isRemote), model },
    figures: Object.fromEntries(
      Object.entries(figures).flatMap(([name, figure]) => (figure === null ? [] : [[name, BigInt(figure)]])),
    ),
  }));
}
