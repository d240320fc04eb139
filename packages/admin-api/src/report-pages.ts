import type { z } from 'zod';
import { parseReported, reportMalformed } from './report-malformed.ts';

/** A page as every report of the provider sends it. `has_more` is required: its absence, read as "no more", would end early in silence. */
export interface ReportPage {
  data: readonly unknown[];
  has_more: boolean;
  next_page?: string | null | undefined;
}

/** One page by its cursor; null asks for the first. */
export type FetchPage = (cursor: string | null) => Promise<unknown>;

/**
 * The pages of a report, to its true end. Any other end rejects with `TALLYGATE_REPORT_MALFORMED`: a page lost in silence would
 * read as money not spent.
 */
export async function* pagesOf<Page extends ReportPage>(
  report: string,
  schema: z.ZodType<Page>,
  fetchPage: FetchPage,
): AsyncGenerator<Page, void> {
  const seenCursors = new Set<string>();
  let cursor: string | null = null;
  do {
    const page: Page = parseReported(report, schema, await fetchPage(cursor));
    yield page;
    cursor = nextCursor(report, page, seenCursors);
  } while (cursor !== null);
}

function nextCursor(report: string, page: ReportPage, seenCursors: Set<string>): string | null {
  const next = page.next_page || null;
  if (!page.has_more) {
    if (next !== null) throw reportMalformed(report, 'says that it ends, and names a next page');
    return null;
  }
  if (next === null) throw reportMalformed(report, 'says that it goes on, and names no next page');
  // An empty page never moves forward: with ever new cursors it would be read for ever.
  if (page.data.length === 0) throw reportMalformed(report, 'goes on after an empty page');
  if (seenCursors.has(next)) throw reportMalformed(report, 'names the same next page twice');
  seenCursors.add(next);
  return next;
}
