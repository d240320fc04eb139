import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { TallygateError } from './errors.ts';
import { describeWindow, isRolling, lengthOf, partIsOutMs, partMsOf, rollingUnitSchema } from './rolling.ts';

/** A calendar period of a budget, or a part of its rolling window. Its instants are [startMs, endMs), UTC, whatever the zone that names it. */
export interface Period {
  unit: PeriodUnit;
  startMs: number;
  endMs: number;
}

/** Shortest first. Weeks begin on Monday, as in ISO 8601. */
export const PERIOD_UNITS = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
export type CalendarUnit = (typeof PERIOD_UNITS)[number];
export const periodUnitSchema = z.union([z.enum(PERIOD_UNITS), rollingUnitSchema]);
export type PeriodUnit = z.output<typeof periodUnitSchema>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** No calendar makes a longer one, with a change of clocks in it: a day has 26 hours at most. */
const LONGEST_MS: Readonly<Record<CalendarUnit, number>> = {
  minute: HOUR_MS,
  hour: 2 * HOUR_MS,
  day: 26 * HOUR_MS,
  week: 8 * DAY_MS,
  month: 32 * DAY_MS,
  quarter: 93 * DAY_MS,
  year: 367 * DAY_MS,
};

/** For how long what is charged to a period may count, from its beginning: no zone makes a longer one. */
export function longestPeriodMs(unit: PeriodUnit): number {
  return isRolling(unit) ? partIsOutMs(0, partMsOf(unit)) : LONGEST_MS[unit];
}

/** Asking the platform costs about as much as the rest of a period; every hold asks, always about the same few zones. */
const knownTimeZones = new Set<string>();

/** @throws TallygateError `TALLYGATE_ZONE_UNKNOWN` for anything that is not an IANA zone. */
export function requireTimeZone(timeZone: string): string {
  if (knownTimeZones.has(timeZone)) return timeZone;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    knownTimeZones.add(timeZone);
    return timeZone;
  } catch (cause) {
    throw new TallygateError('TALLYGATE_ZONE_UNKNOWN', {
      message: `"${timeZone}" is not a time zone.`,
      cause,
    });
  }
}

/** A zone in a configuration. Checked where it enters: found only at the gate, it would stop every call. */
export const timeZoneSchema = z.string().refine(isTimeZone, { error: 'not an IANA time zone' });

function isTimeZone(timeZone: string): boolean {
  try {
    return requireTimeZone(timeZone) === timeZone;
  } catch {
    return false;
  }
}

/**
 * The calendar period of `unit` that contains the instant, in the zone's own calendar: a day is 23, 24 or 25 hours long
 * around a change of clocks. Of a rolling window it is the part, whatever the zone.
 */
export function periodAt(unit: PeriodUnit, timeZone: string, instantMs: number): Period {
  if (isRolling(unit)) {
    const startMs = Math.floor(instantMs / partMsOf(unit)) * partMsOf(unit);
    return { unit, startMs, endMs: startMs + partMsOf(unit) };
  }
  const zoned = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(
    requireTimeZone(timeZone),
  );
  if (unit === 'minute' || unit === 'hour') return clockPeriodAt(unit, zoned);
  const { first, length } = CALENDAR[unit];
  const date = first(zoned.toPlainDate());
  return { unit, startMs: startOfDayMs(date, timeZone), endMs: startOfDayMs(date.add(length), timeZone) };
}

type DateUnit = Exclude<CalendarUnit, 'minute' | 'hour'>;

/** The first day of the period that a day lies in, and how far the next one is. */
const CALENDAR: Record<
  DateUnit,
  { first(date: Temporal.PlainDate): Temporal.PlainDate; length: Temporal.DurationLike }
> = {
  day: { first: (date) => date, length: { days: 1 } },
  week: { first: (date) => date.subtract({ days: date.dayOfWeek - 1 }), length: { days: 7 } },
  month: { first: (date) => date.with({ day: 1 }), length: { months: 1 } },
  quarter: { first: (date) => date.with({ month: quarterOf(date) * 3 - 2, day: 1 }), length: { months: 3 } },
  year: { first: (date) => date.with({ month: 1, day: 1 }), length: { years: 1 } },
};

function quarterOf({ month }: { month: number }): number {
  return Math.ceil(month / 3);
}

const CLOCK_MS = { minute: 60_000, hour: 3_600_000 };

/**
 * As the clocks of the zone show it. Where they are set back, the hour that they show twice is two periods; where they are set
 * by half an hour, the hour is cut there, so that periods never overlap.
 */
function clockPeriodAt(unit: 'minute' | 'hour', zoned: Temporal.ZonedDateTime): Period {
  const lengthMs = CLOCK_MS[unit];
  const offsetMs = zoned.offsetNanoseconds / 1_000_000;
  const startMs = Math.floor((zoned.epochMilliseconds + offsetMs) / lengthMs) * lengthMs - offsetMs;
  // Looked for from just behind the instant: the change that happens at it has happened.
  const changedMs = zoned.add({ milliseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds;
  const changesMs = zoned.getTimeZoneTransition('next')?.epochMilliseconds;
  return {
    unit,
    startMs: Math.max(startMs, changedMs ?? startMs),
    endMs: Math.min(startMs + lengthMs, changesMs ?? Number.POSITIVE_INFINITY),
  };
}

/** "October 2026", "21 November 2026", "week of 16 November 2026": as a person of that zone names it; `withYear: false` for a current one. */
export function describePeriod(period: Period, timeZone: string, { withYear = true } = {}): string {
  if (isRolling(period.unit)) return describeWindow(period.unit);
  const named = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { ...options, timeZone }).format(period.startMs);
  const year = withYear ? ({ year: 'numeric' } as const) : {};
  const day = named({ day: 'numeric', month: 'long', ...year });
  switch (period.unit) {
    case 'minute':
    case 'hour':
      return `${day} ${named({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })}`;
    case 'day':
      return day;
    case 'week':
      return `the week of ${day}`;
    case 'month':
      return named({ month: 'long', ...year });
    case 'quarter': {
      const quarter = `Q${quarterOf({ month: Number(named({ month: 'numeric' })) })}`;
      return withYear ? `${quarter} ${named(year)}` : quarter;
    }
    case 'year':
      return named({ year: 'numeric' });
  }
}

/** How a unit is named behind a limit: "month", "rolling 24 hours". */
export function describeUnit(unit: PeriodUnit): string {
  return isRolling(unit) ? `rolling ${lengthOf(unit)}` : unit;
}

/** When a period begins anew: "1 Nov 00:00 Europe/Berlin". A window never does: what it holds leaves it part by part. */
export function describeReset(period: Period, timeZone: string): string {
  return isRolling(period.unit) ? 'part by part' : describeInstant(period.endMs, timeZone);
}

export function describeInstant(instantMs: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
  }).formatToParts(instantMs);
  const part = (type: string) => parts.find((candidate) => candidate.type === type)?.value ?? '';
  return `${part('day')} ${part('month')} ${part('hour')}:${part('minute')} ${timeZone}`;
}

/** UTC days that cover [fromMs, toMs); none for an empty range. */
export function utcDaysCovering(fromMs: number, toMs: number): Period[] {
  const days: Period[] = [];
  if (fromMs >= toMs) return days;
  let day = periodAt('day', 'UTC', fromMs);
  while (day.startMs < toMs) {
    days.push(day);
    day = periodAt('day', 'UTC', day.endMs);
  }
  return days;
}

/** The first instant of the date: not always midnight where clocks change at midnight. */
function startOfDayMs(date: Temporal.PlainDate, timeZone: string): number {
  return date.toZonedDateTime(timeZone).epochMilliseconds;
}
