import { refusalFor } from '../faults.ts';
import { type JsonObject, listOf, objectsOf } from '../json.ts';
import { ProviderError } from '../provider-error.ts';

/**
 * Bad days of the reports, each of which a reader may take for a good one: pages that are cut, retyped, repeated or incomplete, totals
 * that do not hold, cursors that expire, refusals. They wait in a queue; each strikes the next page that it can be seen on.
 */
export interface ReportFaults {
  add(faults: readonly ReportFault[]): void;
  /** Those that have not struck yet, the next one first. */
  waiting(): readonly ReportFault[];
  /** @throws ProviderError for the next fault, where it is a refusal. `cursor` is the one that was sent, null for a first page. */
  refuse(cursor: string | null): void;
  /** The text of the answer, damaged by the next fault if that fits this page. */
  bodyOf(page: object, cursor: string | null): string;
}

export const REPORT_FAULTS = [
  '410',
  '429',
  '500',
  'amount-retyped',
  'bucket-hidden',
  'bucket-shifted',
  'bucket-twice',
  'count-retyped',
  'cut',
  'no-has-more',
  'no-next-page',
  'not-json',
  'not-refreshed',
  'other-currency',
  'refreshed-between',
  'row-hidden',
  'row-twice',
  'same-page',
] as const;
export type ReportFault = (typeof REPORT_FAULTS)[number];

export function createReportFaults(): ReportFaults {
  const queue: ReportFault[] = [];
  return {
    add: (faults) => void queue.push(...faults),
    waiting: () => queue,
    refuse(cursor) {
      const refusal = refusalBy(queue[0], cursor);
      if (refusal === null) return;
      queue.shift();
      throw refusal;
    },
    bodyOf(page, cursor) {
      const [fault] = queue;
      const damaged = fault === undefined ? null : damagedBy(fault, JSON.stringify(page), cursor);
      if (damaged === null) return JSON.stringify(page);
      queue.shift();
      return damaged;
    },
  };
}

function refusalBy(fault: ReportFault | undefined, cursor: string | null): ProviderError | null {
  if (fault === '429' || fault === '500') return refusalFor(fault);
  if (fault !== '410' || cursor === null) return null;
  return new ProviderError('invalid_request_error', 'page: The cursor has expired', {}, 410);
}

/** Null where this page cannot show the fault. */
function damagedBy(fault: ReportFault, text: string, cursor: string | null): string | null {
  if (fault === 'cut') return text.slice(0, text.length / 2);
  if (fault === 'not-json') return '<html>Bad gateway</html>';
  const page: Page = JSON.parse(text);
  return DAMAGES[fault]?.(page, cursor) ? JSON.stringify(page) : null;
}

/** A parsed page, to be changed in place. */
interface Page {
  data: JsonObject[];
  has_more?: boolean;
  next_page: string | null;
  data_refreshed_at?: string | null;
}

/** Each says whether it could do its damage. */
const DAMAGES: Partial<Record<ReportFault, (page: Page, cursor: string | null) => boolean>> = {
  'amount-retyped': (page) => change(page, 'amount', (amount) => Number(amount)),
  'bucket-hidden': (page) => page.data.shift() !== undefined,
  'bucket-shifted': (page) => changeIn(page.data, 'starting_at', () => '2026-01-01T00:00:30Z'),
  'bucket-twice': ({ data }) => repeat(data),
  'count-retyped': (page) => change(page, 'output_tokens', String),
  'no-has-more': (page) => delete page.has_more,
  'no-next-page': (page) => isSet(page, { has_more: true, next_page: null }),
  'not-refreshed': (page) =>
    'data_refreshed_at' in page &&
    isSet(page, { data: [], data_refreshed_at: null, has_more: false, next_page: null }),
  'other-currency': (page) => change(page, 'currency', () => 'EUR'),
  'refreshed-between': (page, cursor) =>
    cursor !== null &&
    'data_refreshed_at' in page &&
    isSet(page, { data_refreshed_at: '2026-01-01T00:00:00.000Z' }),
  'row-hidden': ({ data }) => rowLists(data).some((rows) => rows.pop() !== undefined),
  'row-twice': ({ data }) => rowLists(data).some(repeat),
  'same-page': (page, cursor) => cursor !== null && isSet(page, { has_more: true, next_page: cursor }),
};

function isSet(page: Page, members: Partial<Page>): boolean {
  Object.assign(page, members);
  return true;
}

/** Rows stand in the buckets of the older reports; those of the analytics ones are buckets themselves. */
function rowLists(data: JsonObject[]): unknown[][] {
  const inBuckets = data.map(({ results }) => results).filter(Array.isArray);
  return inBuckets.length > 0 ? inBuckets : [data];
}

function repeat(items: unknown[]): boolean {
  const [first] = items;
  if (first !== undefined) items.unshift(first);
  return first !== undefined;
}

function change(page: Page, name: string, to: (value: unknown) => unknown): boolean {
  const rows = rowLists(page.data).flatMap((list) => objectsOf(list));
  return changeIn(
    [...rows, ...objectsOf(rows.flatMap(({ usage, cost }) => listOf([usage, cost])))],
    name,
    to,
  );
}

function changeIn(holders: readonly JsonObject[], name: string, to: (value: unknown) => unknown): boolean {
  const holder = holders.find((candidate) => name in candidate);
  if (holder !== undefined) Object.assign(holder, { [name]: to(holder[name]) });
  return holder !== undefined;
}
