import type { Contract, ProviderClient } from './provider-client.ts';
import { untilItStands } from './report-moved.ts';
import type { FetchPage } from './report-pages.ts';

/** One question to the provider, in a form that is the same for the same question. */
export interface ReportAsked {
  /** The provider's id of the organization that the key is of; null before its first answer, or where none says it. */
  organizationId: string | null;
  /** "analytics/cost". */
  report: string;
  /** What was asked beside the range: "bucket_width=1d&group_by=model". */
  question: string;
  /** [fromMs, toMs) that it was asked for. */
  fromMs: number;
  toMs: number;
}

/** A report as the provider answered it, whole: for those who keep every version. */
export interface ReadReport extends ReportAsked {
  /** Rows or buckets of all pages in their order, and what stands beside them on the last page. */
  body: Record<string, unknown>;
}

export interface AskedReport {
  report: string;
  fromMs: number;
  toMs: number;
  /** Everything that goes over the wire with each page, the range included. */
  query: Record<string, unknown>;
  contract?: Contract;
}

const LAST_PAGE = { has_more: false, next_page: null };

/** Where a question's words say how it is paged, and not what it is about. */
const PAGING = new Set(['starting_at', 'ending_at', 'limit']);

/**
 * Reads all pages of one report by `read`, again from the first where the data moved under it, and hands the whole on to whoever
 * keeps versions before anything is made of it. What is recalled is read by the same rules, as one page.
 */
export function readReport<Result>(
  client: ProviderClient,
  asked: AskedReport,
  read: (fetchPage: FetchPage) => Promise<Result>,
): Promise<Result> {
  const { report, query, contract, fromMs, toMs } = asked;
  const question = { report, question: questionText(query), fromMs, toMs };
  return untilItStands(async () => {
    const known = await client.recall({ ...question, organizationId: client.organizationId() });
    if (known !== null) return read(async () => ({ ...known, ...LAST_PAGE }));
    const pages: unknown[] = [];
    const result = await read(async (cursor) => {
      const page = await client.get(report, cursor === null ? query : { ...query, page: cursor }, contract);
      pages.push(page);
      return page;
    });
    await client.keep({ ...question, organizationId: client.organizationId(), body: wholeOf(pages) });
    return result;
  });
}

function questionText(query: Record<string, unknown>): string {
  const words = Object.entries(query).filter(([name]) => !PAGING.has(name));
  const isSaid = ([, value]: [string, unknown]) => !Array.isArray(value) || value.length > 0;
  return words
    .filter(isSaid)
    .map(([name, value]) => `${name}=${String(value)}`)
    .sort()
    .join('&');
}

/** Every page was read, so each is an object with a list of data. */
function wholeOf(pages: readonly unknown[]): Record<string, unknown> {
  const all = pages as { data: unknown[] }[];
  const { has_more: _more, next_page: _next, ...last } = { ...all.at(-1) } as Record<string, unknown>;
  return { ...last, data: all.flatMap(({ data }) => data) };
}
