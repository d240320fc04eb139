import { isoFromMs, periodAt } from '@tallygate/usage';
import { rangeOfMonth } from '../allocation/index.ts';
import { invalidRequest } from '../invalid-request.ts';

export interface TimeRange {
  fromMs: number;
  toMs: number;
}

export interface RangeOptions {
  from?: string;
  to?: string;
  month?: string;
  day?: string;
  days?: string;
}

const DAY_MS = 86_400_000;
const DATE_CURE = 'Write a date such as 2026-10-31, or an instant such as 2026-10-31T08:00:00Z.';

/**
 * [from, to) in UTC, from one of --month, --day, --days, or --from with --to. `--to` defaults to now; with nothing at all the
 * result is `otherwise`.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what is no date, an empty range, or two ways of saying it.
 */
export function rangeFrom(options: RangeOptions, nowMs: number, otherwise: TimeRange): TimeRange {
  const { from, to, month, day, days } = options;
  const ways = { '--month': month, '--day': day, '--days': days, '--from/--to': from ?? to };
  const given = Object.entries(ways).flatMap(([flag, value]) => (value === undefined ? [] : flag));
  if (given.length > 1)
    throw invalidRequest(`${given.join(' and ')} say the same thing.`, 'Use one of them.');
  if (month !== undefined) return rangeOfMonth(requireMonth(month));
  if (day !== undefined) return dayRange(day);
  if (days !== undefined) return lastDays(days, nowMs);
  if (from === undefined && to === undefined) return otherwise;
  if (from === undefined)
    throw invalidRequest('--to is given without --from.', 'Name the beginning with --from.');
  const range = {
    fromMs: instantFrom('--from', from),
    toMs: to === undefined ? nowMs : instantFrom('--to', to),
  };
  if (range.fromMs < range.toMs) return range;
  throw invalidRequest(
    `Nothing lies between ${isoFromMs(range.fromMs)} and ${isoFromMs(range.toMs)}.`,
    'Let --to come later; it is not included.',
  );
}

/** For commands without a range to fall back on. `--to` defaults to `endMs`. */
export function requiredRange(options: Omit<RangeOptions, 'day' | 'days'>, endMs: number): TimeRange {
  if ([options.from, options.to, options.month].some((given) => given !== undefined))
    return rangeFrom(options, endMs, { fromMs: endMs, toMs: endMs });
  throw invalidRequest('No range was given.', 'Name it with --month, or with --from and --to.');
}

/** The calendar month of now, up to now. */
export function monthToDate(nowMs: number): TimeRange {
  return { fromMs: periodAt('month', 'UTC', nowMs).startMs, toMs: nowMs };
}

/** The last day that is over everywhere in UTC. */
export function yesterday(nowMs: number): TimeRange {
  const today = periodAt('day', 'UTC', nowMs).startMs;
  return { fromMs: periodAt('day', 'UTC', today - 1).startMs, toMs: today };
}

/** "2026-10-01 to 2026-11-01 (UTC, end not included)". */
export function describeRange({ fromMs, toMs }: TimeRange): string {
  const short = (instantMs: number) =>
    isoFromMs(instantMs).replace('T00:00:00.000Z', '').replace('.000Z', 'Z');
  return `${short(fromMs)} to ${short(toMs)} (UTC, end not included)`;
}

/** "2026-10", as it is written. @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what is no month. */
export function requireMonth(text: string): string {
  if (/^\d{4}-\d{2}$/.test(text) && !Number.isNaN(dateMs(`${text}-01`))) return text;
  throw invalidRequest(`--month "${text}" is not a month.`, 'Write one such as 2026-10.');
}

function dayRange(day: string): TimeRange {
  const startMs = dateMs(day);
  if (Number.isNaN(startMs))
    throw invalidRequest(`--day "${day}" is not a date.`, 'Write one such as 2026-10-31.');
  const { startMs: fromMs, endMs: toMs } = periodAt('day', 'UTC', startMs);
  return { fromMs, toMs };
}

/** Whole days of UTC, and today as far as it has come. */
function lastDays(days: string, nowMs: number): TimeRange {
  const count = /^\d{1,4}$/.test(days) ? Number(days) : 0;
  if (count === 0) throw invalidRequest(`--days "${days}" is not a number of days.`, 'Write one such as 30.');
  return { fromMs: periodAt('day', 'UTC', nowMs).startMs - (count - 1) * DAY_MS, toMs: nowMs };
}

/** UTC. @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what is neither a date nor an instant. */
export function instantFrom(flag: string, text: string): number {
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z$/.test(text);
  const instantMs = isInstant ? instantOf(text) : dateMs(text);
  if (Number.isNaN(instantMs)) throw invalidRequest(`${flag} "${text}" is not a date.`, DATE_CURE);
  return instantMs;
}

function instantOf(text: string): number {
  return Number.isNaN(dateMs(text.slice(0, 10))) ? Number.NaN : Date.parse(text);
}

/** NaN for days that no calendar has: `Date` alone would take 31 February for 3 March. */
function dateMs(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return Number.NaN;
  const startMs = Date.parse(`${text}T00:00:00.000Z`);
  return Number.isNaN(startMs) || isoFromMs(startMs).slice(0, 10) !== text ? Number.NaN : startMs;
}
