import { isoFromMs } from '@tallygate/usage';
import { z } from 'zod';
import { instantSchema } from './bucket-pages.ts';
import { BUCKET_WIDTH_MS, type BucketWidth } from './bucket-width.ts';
import { reportMalformed } from './report-malformed.ts';
import { reportMoved } from './report-moved.ts';
import { type FetchPage, pagesOf } from './report-pages.ts';

/** A row of the analytics reports with its dimensions and figures side by side, however deep the family nests them. */
export type FlatRow = Record<string, unknown>;

export interface AnalyticsStretch {
  /** The report's name, for messages. */
  report: string;
  fromMs: number;
  toMs: number;
  bucketWidth: BucketWidth;
}

export interface AnalyticsRows {
  rows: { startMs: number; endMs: number; flat: FlatRow }[];
  /** Null: no data yet for this range. */
  refreshedAtMs: number | null;
}

const record = z.record(z.string(), z.unknown());

/** Family D sends rows with a `group` beside `usage` or `cost`; family E rows inside buckets, or flat ones per user. */
const itemSchema = z.looseObject({
  starting_at: instantSchema,
  ending_at: instantSchema,
  results: z.array(record).optional(),
  group: record.optional(),
  usage: record.optional(),
  cost: record.optional(),
});

const pageSchema = z.object({
  data: z.array(itemSchema),
  has_more: z.boolean(),
  next_page: z.string().nullish(),
  data_refreshed_at: instantSchema.nullable(),
});

/**
 * All rows of one stretch. Idle buckets have no rows here, and every page must come from the same refresh.
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED`, or what `reportMoved` makes.
 */
export async function readAnalyticsPages(
  stretch: AnalyticsStretch,
  fetchPage: FetchPage,
): Promise<AnalyticsRows> {
  const rows: AnalyticsRows['rows'] = [];
  let refreshedAtMs: number | null | undefined;
  for await (const page of pagesOf(stretch.report, pageSchema, fetchPage)) {
    if (refreshedAtMs !== undefined && refreshedAtMs !== page.data_refreshed_at) {
      throw reportMoved(stretch.report);
    }
    refreshedAtMs = page.data_refreshed_at;
    rows.push(...page.data.flatMap(flatRowsOf).map((row) => inBucket(stretch, row)));
  }
  if (refreshedAtMs === undefined) throw reportMalformed(stretch.report, 'has no page');
  if (refreshedAtMs === null && rows.length > 0) {
    throw reportMalformed(stretch.report, 'holds rows, and says that there is no data yet');
  }
  return { rows, refreshedAtMs };
}

type Row = AnalyticsRows['rows'][number];

function flatRowsOf(item: z.output<typeof itemSchema>): Row[] {
  const { starting_at: startMs, ending_at: endMs, results, group, usage, cost, ...flat } = item;
  if (results !== undefined) return results.map((result) => ({ startMs, endMs, flat: result }));
  return [{ startMs, endMs, flat: { ...flat, ...group, ...usage, ...cost } }];
}

function inBucket(stretch: AnalyticsStretch, row: Row): Row {
  const widthMs = BUCKET_WIDTH_MS[stretch.bucketWidth];
  const isBucket = (row.startMs - stretch.fromMs) % widthMs === 0 && row.endMs === row.startMs + widthMs;
  if (isBucket && row.startMs >= stretch.fromMs && row.endMs <= stretch.toMs) return row;
  const found = `${isoFromMs(row.startMs)} to ${isoFromMs(row.endMs)}`;
  throw reportMalformed(stretch.report, `holds a row of ${found}, which is no bucket that was asked for`);
}
