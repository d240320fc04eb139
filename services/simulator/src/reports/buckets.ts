import type { Cell } from '../billing/book.ts';
import { pageToken, type ReportQuery } from './query.ts';

export interface ReportPage<Row> {
  data: { starting_at: string; ending_at: string; results: Row[] }[];
  has_more: boolean;
  next_page: string | null;
}

/** One page: every bucket of the range in its turn, oldest first, the idle ones with no rows. */
export function pageOf<Row>(
  query: ReportQuery,
  cells: readonly Cell[],
  rowsOf: (cells: readonly Cell[]) => Row[],
): ReportPage<Row> {
  const { pageStartMs, widthMs } = query;
  const pageEndMs = endOfPage(query);
  const cellsByBucket = groupBy(cells, (cell) => Math.floor((cell.minuteMs - pageStartMs) / widthMs));
  const bucketCount = Math.max(0, Math.round((pageEndMs - pageStartMs) / widthMs));
  const data = Array.from({ length: bucketCount }, (_, index) => ({
    starting_at: reportInstant(pageStartMs + index * widthMs),
    ending_at: reportInstant(pageStartMs + (index + 1) * widthMs),
    results: rowsOf(cellsByBucket.get(index) ?? []),
  }));
  const hasMore = pageEndMs < query.endMs && bucketCount > 0;
  return { data, has_more: hasMore, next_page: hasMore ? pageToken(pageEndMs, query.fingerprint) : null };
}

/** Where the buckets of this page end. */
export function endOfPage({ pageStartMs, widthMs, limit, endMs }: ReportQuery): number {
  return Math.min(pageStartMs + limit * widthMs, endMs);
}

/** Groups in an order that does not depend on when they were first seen. */
export function groupedInOrder<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = [...groupBy(items, keyOf)];
  return groups.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The platform's own `Map.groupBy` begins with Node 21. */
function groupBy<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** "2026-11-20T00:00:00Z": without the milliseconds that are always zero. */
function reportInstant(instantMs: number): string {
  return new Date(instantMs).toISOString().replace('.000Z', 'Z');
}
