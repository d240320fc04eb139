import { invalidRequest } from '../provider-error.ts';
import {
  fingerprintOf,
  floorTo,
  missing,
  readFilters,
  readGroups,
  readInstant,
  requireKnownParameters,
} from './query.ts';

/** What the analytics reports let a caller ask for. */
export interface AnalyticsContract {
  groups: readonly string[];
  /** Groups that do not count towards the five. */
  beside: readonly string[];
  filters: Readonly<Record<string, readonly string[] | null>>;
  /** Measures to order by, the default first; "time" is one always. */
  measures: readonly string[];
}

export interface AnalyticsQuery {
  /** Buckets lie in [startMs, endMs). */
  startMs: number;
  endMs: number;
  /** Null: one sum over the range. */
  widthMs: number | null;
  groupBy: ReadonlySet<string>;
  filters: ReadonlyMap<string, ReadonlySet<string>>;
  orderBy: string;
  isAscending: boolean;
  /** Rows per page, and the first of this one. */
  limit: number;
  offset: number;
  fingerprint: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WIDTHS: Readonly<Record<string, number>> = { '1m': 60_000, '1h': HOUR_MS, '1d': DAY_MS };
const LONGEST_MS = 31 * DAY_MS;
const FURTHEST_BACK_MS = 365 * DAY_MS;
const FIRST_MS = Date.parse('2026-01-01T00:00:00Z');
const PLAIN = ['starting_at', 'ending_at', 'time_bucket_width', 'limit', 'page', 'order', 'order_by'];
const DEFAULT_ROWS = 20;
const MOST_ROWS = 1_000;

/** @throws ProviderError 400 with the parameter at fault. */
export function readAnalyticsQuery(
  parameters: URLSearchParams,
  contract: AnalyticsContract,
  nowMs: number,
): AnalyticsQuery {
  requireKnownParameters(parameters, contract, PLAIN);
  const fingerprint = fingerprintOf(parameters);
  return {
    ...readRange(parameters, nowMs),
    groupBy: readGroups(parameters, contract, contract.beside),
    filters: readFilters(parameters, contract),
    orderBy: oneOf(parameters, 'order_by', [...contract.measures, 'time']),
    isAscending: oneOf(parameters, 'order', ['desc', 'asc']) === 'asc',
    limit: readRows(parameters),
    offset: readOffset(parameters.get('page'), fingerprint),
    fingerprint,
  };
}

/** The token of the page that begins with this row. */
export function rowToken(offset: number, fingerprint: string): string {
  return Buffer.from(`${offset}.${fingerprint}`).toString('base64url');
}

function readRange(
  parameters: URLSearchParams,
  nowMs: number,
): Pick<AnalyticsQuery, 'startMs' | 'endMs' | 'widthMs'> {
  const width = parameters.get('time_bucket_width');
  const widthMs = width === null ? null : WIDTHS[oneOf(parameters, 'time_bucket_width', Object.keys(WIDTHS))];
  const startMs = readInstant(parameters, 'starting_at') ?? missing('starting_at');
  const endingMs = readInstant(parameters, 'ending_at');
  if (endingMs === null && widthMs !== null) missing('ending_at');
  const endMs = endingMs ?? Math.min(nowMs, startMs + LONGEST_MS);
  if (startMs < Math.max(FIRST_MS, nowMs - FURTHEST_BACK_MS))
    throw invalidRequest('starting_at: too far back');
  if (endMs <= startMs) throw invalidRequest('ending_at: must be after starting_at');
  if (endMs - startMs > (width === '1m' ? DAY_MS : LONGEST_MS))
    throw invalidRequest('ending_at: range too long');
  const snapMs = widthMs ?? HOUR_MS;
  return { startMs: floorTo(snapMs, startMs), endMs: floorTo(snapMs, endMs), widthMs: widthMs ?? null };
}

function oneOf(parameters: URLSearchParams, name: string, allowed: readonly string[]): string {
  const value = parameters.get(name) ?? allowed[0] ?? '';
  if (!allowed.includes(value)) throw invalidRequest(`${name}: Input should be one of ${allowed.join(', ')}`);
  return value;
}

function readRows(parameters: URLSearchParams): number {
  const text = parameters.get('limit') ?? `${DEFAULT_ROWS}`;
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= MOST_ROWS) return limit;
  throw invalidRequest(`limit: Input should be between 1 and ${MOST_ROWS}`);
}

function readOffset(token: string | null, fingerprint: string): number {
  if (token === null) return 0;
  const [offset = '', issuedFor] = Buffer.from(token, 'base64url').toString().split('.');
  if (!/^\d+$/.test(offset)) throw invalidRequest('page: Invalid page token');
  if (issuedFor !== fingerprint)
    throw invalidRequest('page: The other parameters changed since the previous page');
  return Number(offset);
}
