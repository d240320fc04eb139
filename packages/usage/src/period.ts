import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { TallygateError } from './errors.ts';

/** A calendar period of a budget. Its instants are [startMs, endMs), UTC, whatever the zone that names it. */
export interface Period {
  unit: PeriodUnit;
  startMs: number;
  endMs: number;
}

export const PERIOD_UNITS = ['day', 'month'] as const;
export const periodUnitSchema = z.enum(PERIOD_UNITS);
export type PeriodUnit = z.output<typeof periodUnitSchema>;

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
 * around a change of clocks.
 */
export function periodAt(unit: PeriodUnit, timeZone: string, instantMs: number): Period {
  const zoned = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(
    requireTimeZone(timeZone),
  );
  const date = unit === 'day' ? zoned.toPlainDate() : zoned.toPlainDate().with({ day: 1 });
  const nextDate = unit === 'day' ? date.add({ days: 1 }) : date.add({ months: 1 });
  return { unit, startMs: startOfDayMs(date, timeZone), endMs: startOfDayMs(nextDate, timeZone) };
}

/** "October 2026", "21 November 2026": how a person of that zone would name the period; `withYear: false` for a current one. */
export function describePeriod(period: Period, timeZone: string, { withYear = true } = {}): string {
  const options: Intl.DateTimeFormatOptions = {
    ...(period.unit === 'day' ? { day: 'numeric' } : {}),
    month: 'long',
    ...(withYear ? { year: 'numeric' } : {}),
  };
  return new Intl.DateTimeFormat('en-GB', { ...options, timeZone }).format(period.startMs);
}

/** "1 Nov 00:00 Europe/Berlin". */
export function describeReset(period: Period, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
  }).formatToParts(period.endMs);
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
