import { createHash } from 'node:crypto';
import { invalidRequest } from '../provider-error.ts';

/** What a report lets a caller ask for. A parameter that is not named here is refused, never ignored. */
export interface ReportContract {
  /** Bucket widths by their name, with the number of buckets on a page. */
  widths: Readonly<Record<string, BucketWidth>>;
  defaultWidth: string;
  groups: readonly string[];
  /** Filter parameters, with the values they allow, or null for any. */
  filters: Readonly<Record<string, readonly string[] | null>>;
}

export interface BucketWidth {
  widthMs: number;
  defaultLimit: number;
  maxLimit: number;
}

export interface ReportQuery {
  /** Buckets lie in [startMs, endMs), both on bucket boundaries in UTC. */
  startMs: number;
  endMs: number;
  widthMs: number;
  /** Buckets per page. */
  limit: number;
  /** First bucket of this page. */
  pageStartMs: number;
  groupBy: ReadonlySet<string>;
  /** Allowed values by parameter; a parameter that was not given is absent. */
  filters: ReadonlyMap<string, ReadonlySet<string>>;
  /** Hash of every parameter but the page: a cursor is only good for the question it was given out for. */
  fingerprint: string;
}

const PLAIN_PARAMETERS = ['starting_at', 'ending_at', 'bucket_width', 'limit', 'page'];
const GROUP_PARAMETER = 'group_by[]';
const MOST_GROUPS = 5;

/** @throws ProviderError 400 with the parameter at fault. */
export function readReportQuery(
  parameters: URLSearchParams,
  contract: ReportContract,
  nowMs: number,
): ReportQuery {
  requireKnownParameters(parameters, contract);
  const width = readWidth(parameters, contract);
  const { widthMs } = width;
  const startMs = floorTo(widthMs, readInstant(parameters, 'starting_at') ?? missing('starting_at'));
  const fingerprint = fingerprintOf(parameters);
  return {
    startMs,
    endMs: readEnd(parameters, widthMs, startMs, nowMs),
    widthMs,
    limit: readLimit(parameters, width),
    pageStartMs: readPage(parameters.get('page'), fingerprint) ?? startMs,
    groupBy: readGroups(parameters, contract),
    filters: readFilters(parameters, contract),
    fingerprint,
  };
}

/** The token of the page that begins with this bucket. Opaque to callers: nothing in it is a promise. */
export function pageToken(bucketStartMs: number, fingerprint: string): string {
  return `page_${Buffer.from(`${bucketStartMs}.${fingerprint}`).toString('base64url')}`;
}

export function requireKnownParameters(
  parameters: URLSearchParams,
  { filters }: Pick<ReportContract, 'filters'>,
  plain: readonly string[] = PLAIN_PARAMETERS,
): void {
  const known = new Set([...plain, GROUP_PARAMETER, ...Object.keys(filters)]);
  for (const name of parameters.keys()) {
    if (!known.has(name)) throw invalidRequest(`${name}: Extra inputs are not permitted`);
  }
}

function readWidth(parameters: URLSearchParams, contract: ReportContract): BucketWidth {
  const name = parameters.get('bucket_width') ?? contract.defaultWidth;
  const width = Object.hasOwn(contract.widths, name) ? contract.widths[name] : undefined;
  if (width === undefined) {
    throw invalidRequest(`bucket_width: Input should be one of ${Object.keys(contract.widths).join(', ')}`);
  }
  return width;
}

/** Only buckets that end by `ending_at` are returned, future ones too; without it, all up to the one that contains now. */
function readEnd(parameters: URLSearchParams, widthMs: number, startMs: number, nowMs: number): number {
  const endingMs = readInstant(parameters, 'ending_at');
  if (endingMs === null) return floorTo(widthMs, nowMs) + widthMs;
  if (endingMs <= startMs) throw invalidRequest('ending_at: must be after starting_at');
  return floorTo(widthMs, endingMs);
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

export function readInstant(parameters: URLSearchParams, name: string): number | null {
  const text = parameters.get(name);
  if (text === null) return null;
  const instantMs = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instantMs)) throw invalidRequest(`${name}: Input should be a valid RFC 3339 datetime`);
  return instantMs;
}

export function missing(name: string): never {
  throw invalidRequest(`${name}: Field required`);
}

function readLimit(parameters: URLSearchParams, { defaultLimit, maxLimit }: BucketWidth): number {
  const text = parameters.get('limit');
  if (text === null) return defaultLimit;
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > maxLimit) {
    throw invalidRequest(`limit: Input should be between 1 and ${maxLimit} for this bucket_width`);
  }
  return limit;
}

/** `beside` are those that do not count towards the most. */
export function readGroups(
  parameters: URLSearchParams,
  { groups }: Pick<ReportContract, 'groups'>,
  beside: readonly string[] = [],
): Set<string> {
  const asked = new Set(parameters.getAll(GROUP_PARAMETER));
  if ([...asked].filter((name) => !beside.includes(name)).length > MOST_GROUPS) {
    throw invalidRequest(`Cannot specify more than ${MOST_GROUPS} group_by[] dimensions.`);
  }
  for (const name of asked) {
    if (!groups.includes(name))
      throw invalidRequest(`group_by[]: Input should be one of ${groups.join(', ')}`);
  }
  return asked;
}

export function readFilters(
  parameters: URLSearchParams,
  { filters }: Pick<ReportContract, 'filters'>,
): Map<string, Set<string>> {
  const asked = new Map<string, Set<string>>();
  for (const [name, allowed] of Object.entries(filters)) {
    const values = parameters.getAll(name);
    const stranger = values.find((value) => allowed !== null && !allowed.includes(value));
    if (stranger !== undefined)
      throw invalidRequest(`${name}: Input should be one of ${allowed?.join(', ')}`);
    if (values.length > 0) asked.set(name, new Set(values));
  }
  return asked;
}

export function fingerprintOf(parameters: URLSearchParams): string {
  const rest = [...parameters].filter(([name]) => name !== 'page').map((pair) => JSON.stringify(pair));
  return createHash('sha256').update(rest.sort().join()).digest('base64url').slice(0, 16);
}

function readPage(token: string | null, fingerprint: string): number | null {
  if (token === null) return null;
  const [startText = '', issuedFor] = Buffer.from(token.replace(/^page_/, ''), 'base64url')
    .toString()
    .split('.');
  if (!/^\d+$/.test(startText)) throw invalidRequest('page: Invalid page token');
  if (issuedFor !== fingerprint)
    throw invalidRequest('page: The other parameters changed since the previous page');
  return Number(startText);
}

export function floorTo(widthMs: number, instantMs: number): number {
  return Math.floor(instantMs / widthMs) * widthMs;
}
