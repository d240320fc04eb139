import { isoFromMs } from '@tallygate/usage';
import { z } from 'zod';
import { reportMalformed } from './report-malformed.ts';
import { type FetchPage, pagesOf } from './report-pages.ts';
import type { Bucket } from './reported.ts';

/**
 * Reads a bucketed report to its true end.
 *
 * Promise: the buckets handed on tile [fromMs, toMs) exactly: oldest first, one per interval, none missing, none twice.
 * The provider sends empty intervals too, so a missing one is a fault of the report and never a quiet day. Whether it sends those that
 * are not over is written nowhere: where it does not, they are handed on as pending.
 */
export interface BucketRange {
  /** The report's name, for messages. */
  report: string;
  fromMs: number;
  toMs: number;
  widthMs: number;
  /** A bucket that ends later was not over when it was asked for, and may not have been sent. */
  overUntilMs: number;
}

export interface RawBucket {
  startMs: number;
  endMs: number;
  results: unknown[];
  /** Not sent, because it is not over. */
  isPending: boolean;
}

export const instantSchema = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const pageSchema = z.object({
  data: z.array(
    z.object({ starting_at: instantSchema, ending_at: instantSchema, results: z.array(z.unknown()) }),
  ),
  has_more: z.boolean(),
  next_page: z.string().nullish(),
});
type Page = z.output<typeof pageSchema>;

export async function readBucketPages(range: BucketRange, fetchPage: FetchPage): Promise<RawBucket[]> {
  const buckets: RawBucket[] = [];
  for await (const page of pagesOf(range.report, pageSchema, fetchPage)) appendBuckets(range, buckets, page);
  appendPending(range, buckets);
  const reachedMs = buckets.at(-1)?.endMs ?? range.fromMs;
  if (reachedMs !== range.toMs) {
    throw reportMalformed(range.report, `ends at ${isoFromMs(reachedMs)}, before ${isoFromMs(range.toMs)}`);
  }
  return buckets;
}

/** Appends in place; strict order makes gaps, repeats, foreign widths and buckets outside the range one and the same test. */
function appendBuckets(range: BucketRange, buckets: RawBucket[], page: Page): void {
  for (const { starting_at: startMs, ending_at: endMs, results } of page.data) {
    const expectedMs = buckets.at(-1)?.endMs ?? range.fromMs;
    if (startMs !== expectedMs || endMs !== startMs + range.widthMs || endMs > range.toMs) {
      const found = `${isoFromMs(startMs)} to ${isoFromMs(endMs)}`;
      throw reportMalformed(range.report, `holds the bucket ${found} where ${isoFromMs(expectedMs)} was due`);
    }
    buckets.push({ startMs, endMs, results, isPending: false });
  }
}

function appendPending({ fromMs, toMs, widthMs, overUntilMs }: BucketRange, buckets: RawBucket[]): void {
  for (let startMs = buckets.at(-1)?.endMs ?? fromMs; startMs < toMs; startMs += widthMs) {
    if (startMs + widthMs <= overUntilMs) return;
    buckets.push({ startMs, endMs: startMs + widthMs, results: [], isPending: true });
  }
}

export function bucketOf<Row>({ startMs, endMs, isPending }: RawBucket, rows: Row[]): Bucket<Row> {
  return { startMs, endMs, rows, ...(isPending ? { isPending: true as const } : {}) };
}
