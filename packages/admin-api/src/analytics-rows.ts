import { z } from 'zod';
import type { AnalyticsRows, FlatRow } from './analytics-pages.ts';
import { BUCKET_WIDTH_MS, type BucketWidth } from './bucket-width.ts';
import { amountSchema } from './cents.ts';
import { parseReported, reportMalformed } from './report-malformed.ts';
import type { Bucket, CostDimension, CostRow, UsageDimension, UsageRow } from './reported.ts';
import { groupFrom, requireDistinctGroups } from './reported-group.ts';
import { countSchema, reportedCountsSchema, unknownCountsOf, usageFrom } from './reported-usage.ts';

const usageSchema = reportedCountsSchema.extend({
  requests: countSchema.nullable(),
  total_tokens: countSchema.optional(),
});

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for a row that lacks a count or an asked dimension. */
export function analyticsUsageRow(report: string, flat: FlatRow, asked: readonly UsageDimension[]): UsageRow {
  const counts = parseReported(report, usageSchema, flat);
  const { webSearchRequests: _, ...tokens } = usageFrom(counts);
  const known = Object.values(tokens).reduce((sum, count) => sum + count, 0);
  const beyond = (counts.total_tokens ?? known) - known;
  if (beyond < 0) throw reportMalformed(report, 'holds a row whose total is less than its tokens');
  const unknownCounts = unknownCountsOf(counts);
  return {
    group: groupFrom(report, named(flat), asked),
    usage: usageFrom(counts),
    requests: counts.requests,
    // A class of tokens that stands in the total alone.
    unknownCounts:
      beyond > 0 && Object.keys(unknownCounts).length === 0 ? { total_tokens: beyond } : unknownCounts,
  };
}

const costSchema = z.looseObject({
  amount: amountSchema,
  list_amount: amountSchema,
  currency: z.literal('USD'),
  requests: countSchema.nullable(),
});

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for another currency, an inexact amount or a missing dimension. */
export function analyticsCostRow(report: string, flat: FlatRow, asked: readonly CostDimension[]): CostRow {
  const cost = parseReported(report, costSchema, flat);
  return {
    group: groupFrom(report, named(flat), asked),
    amountPicoUsd: cost.amount,
    listAmountPicoUsd: cost.list_amount,
    requests: cost.requests,
  };
}

/** Every bucket of the range in its turn: there are no rows for idle ones. */
export function inBuckets<Row extends { group: object }>(
  range: { report: string; fromMs: number; toMs: number; bucketWidth: BucketWidth },
  read: AnalyticsRows['rows'],
  rowFrom: (flat: FlatRow) => Row,
): Bucket<Row>[] {
  const widthMs = BUCKET_WIDTH_MS[range.bucketWidth];
  const count = (range.toMs - range.fromMs) / widthMs;
  const buckets = Array.from({ length: count }, (_, index): Bucket<Row> => {
    const startMs = range.fromMs + index * widthMs;
    return { startMs, endMs: startMs + widthMs, rows: [] };
  });
  for (const { startMs, flat } of read) {
    buckets[(startMs - range.fromMs) / widthMs]?.rows.push(rowFrom(flat));
  }
  for (const { rows } of buckets) requireDistinctGroups(range.report, rows);
  return buckets;
}

/** As the other families say it: null geography is what their filter calls "not_available", an identity is its id. */
function named(flat: FlatRow): FlatRow {
  return {
    ...flat,
    inference_geo: flat['inference_geo'] === null ? 'not_available' : flat['inference_geo'],
    actor: actorIdOf(flat['actor']),
  };
}

const actorSchema = z.looseObject({
  user_id: z.string().optional(),
  service_account_id: z.string().optional(),
  api_key_id: z.string().optional(),
  provider: z.looseObject({ type: z.string() }).optional(),
  subject: z.string().nullish(),
});

/** Ids only: names and addresses of people are not kept. */
function actorIdOf(actor: unknown): unknown {
  const parsed = actorSchema.safeParse(actor);
  if (!parsed.success) return actor;
  const { user_id, service_account_id, api_key_id, provider, subject } = parsed.data;
  const id = user_id ?? service_account_id ?? api_key_id;
  if (id !== undefined || provider === undefined) return id;
  return `${provider.type}:${subject ?? ''}`;
}
