import { isoFromMs } from '@tallygate/usage';
import { z } from 'zod';
import { reportMalformed } from './report-malformed.ts';

/**
 * Reads a bucketed report to its true end.
 *
 * Promise: the buckets handed on tile [fromMs, toMs) exactly: oldest first, one per interval, none missing, none twice.
 * The provider sends empty intervals too, so a missing one is a fault of the report and never a quiet day. Any other end
 * of paging rejects with `TALLYGATE_REPORT_MALFORMED`: a page lost in silence would read as money not spent.
 */
export interface BucketRange {
  /** The report's name, for messages. */
  report: string;
  fromMs: number;
  toMs: number;
  widthMs: number;
}

export interface RawBucket {
  startMs: number;
  endMs: number;
  results: unknown[];
}

/** One page by its cursor; null asks for the first. */
export type FetchPage = (cursor: string | null) => Promise<unknown>;

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** `has_more` is required: a client that reads its absence as "no more" ends early and says nothing. */
const pageSchema = z.object({
  data: z.array(z.object({ starting_at: instant, ending_at: instant, results: z.array(z.unknown()) })),
  has_more: z.boolean(),
  next_page: z.string().min(1).nullish(),
});
type Page = z.output<typeof pageSchema>;

export async function readBucketPages(range: BucketRange, fetchPage: FetchPage): Promise<RawBucket[]> {
  const buckets: RawBucket[] = [];
  const seenCursors = new Set<string>();
  let cursor: string | null = null;
  do {
    const page = parsePage(range, await fetchPage(cursor));
    appendBuckets(range, buckets, page);
    cursor = nextCursor(range, page, seenCursors);
  } while (cursor !== null);
  const reachedMs = buckets.at(-1)?.endMs ?? range.fromMs;
  if (reachedMs !== range.toMs) {
    throw reportMalformed(range.report, `ends at ${isoFromMs(reachedMs)}, before ${isoFromMs(range.toMs)}`);
  }
  return buckets;
}

function parsePage(range: BucketRange, body: unknown): Page {
  const parsed = pageSchema.safeParse(body);
  if (!parsed.success) throw reportMalformed(range.report, describeShape(parsed.error), parsed.error);
  return parsed.data;
}

/** Appends in place; strict order makes gaps, repeats, foreign widths and buckets outside the range one and the same test. */
function appendBuckets(range: BucketRange, buckets: RawBucket[], page: Page): void {
  for (const { starting_at: startMs, ending_at: endMs, results } of page.data) {
    const expectedMs = buckets.at(-1)?.endMs ?? range.fromMs;
    if (startMs !== expectedMs || endMs !== startMs + range.widthMs || endMs > range.toMs) {
      const found = `${isoFromMs(startMs)} to ${isoFromMs(endMs)}`;
      throw reportMalformed(range.report, `holds the bucket ${found} where ${isoFromMs(expectedMs)} was due`);
    }
    buckets.push({ startMs, endMs, results });
  }
}

function nextCursor(range: BucketRange, page: Page, seenCursors: Set<string>): string | null {
  const next = page.next_page ?? null;
  if (!page.has_more) {
    if (next !== null) throw reportMalformed(range.report, 'says that it ends, and names a next page');
    return null;
  }
  if (next === null) throw reportMalformed(range.report, 'says that it goes on, and names no next page');
  // A page without buckets never moves forward: with ever new cursors it would be read for ever.
  if (page.data.length === 0) throw reportMalformed(range.report, 'goes on after a page without buckets');
  if (seenCursors.has(next)) throw reportMalformed(range.report, 'names the same next page twice');
  seenCursors.add(next);
  return next;
}

/** The first fault of a zod error as a clause: where, and what. */
export function describeShape(error: z.ZodError): string {
  const issue = error.issues[0];
  return `is not understood at "${issue?.path.join('.') ?? ''}" (${issue?.message ?? 'unknown fault'})`;
}
