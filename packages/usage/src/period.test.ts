import { describe, expect, it } from 'vitest';
import {
  describePeriod,
  describeReset,
  type Period,
  periodAt,
  requireTimeZone,
  utcDaysCovering,
} from './period.ts';

/** Zones whose clocks change in every awkward way: at midnight, by half an hour, southwards, twice a year for Ramadan. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Europe/London',
  'America/New_York',
  'America/Los_Angeles',
  'America/St_Johns',
  'America/Santiago',
  'America/Havana',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
];
const FROM_MS = Date.UTC(2025, 0, 1, 12);
const TO_MS = Date.UTC(2031, 0, 1);
const HOUR_MS = 3_600_000;

const iso = (period: Period) => [period.startMs, period.endMs].map((ms) => new Date(ms).toISOString());

/** All periods of the years 2025 to 2030, each found from the end of the one before. Found once: several tests read them. */
const found = new Map<string, Period[]>();
function periodsOf(unit: Period['unit'], timeZone: string): Period[] {
  const key = `${unit} ${timeZone}`;
  const periods = found.get(key) ?? findPeriods(unit, timeZone);
  found.set(key, periods);
  return periods;
}

function findPeriods(unit: Period['unit'], timeZone: string): Period[] {
  const periods = [periodAt(unit, timeZone, FROM_MS)];
  for (let last = periods[0]; last && last.endMs < TO_MS; last = periods.at(-1)) {
    periods.push(periodAt(unit, timeZone, last.endMs));
  }
  return periods;
}

const CALENDAR_UNITS = ['day', 'week', 'month', 'quarter', 'year'] as const;
const CLOCK_UNITS = ['minute', 'hour'] as const;

/** The calendar of the platform, which shares no code with the one under test: a text that changes when the period does. */
function calendarOf(unit: Period['unit'], timeZone: string): (instantMs: number) => string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return (instantMs) => {
    const [year = '', month = '', day = ''] = format.format(instantMs).split('-');
    const daysSinceMonday = (new Date(Date.UTC(+year, +month - 1, +day)).getUTCDay() + 6) % 7;
    const names: Partial<Record<Period['unit'], string>> = {
      day: `${year}-${month}-${day}`,
      week: new Date(Date.UTC(+year, +month - 1, +day - daysSinceMonday)).toISOString(),
      month: `${year}-${month}`,
      quarter: `${year} ${Math.floor((+month - 1) / 3)}`,
      year,
    };
    return names[unit] ?? '';
  };
}

/** Fewest that six years have. */
const FEWEST = { day: 2190, week: 313, month: 71, quarter: 24, year: 6 };

describe.each(ZONES)('the periods of %s, 2025 to 2030', (timeZone) => {
  it.each(CALENDAR_UNITS)('%ss follow each other without a gap or an overlap', (unit) => {
    const periods = periodsOf(unit, timeZone);
    expect(periods.length).toBeGreaterThanOrEqual(FEWEST[unit]);
    for (const [index, period] of periods.entries()) {
      expect(period.endMs).toBeGreaterThan(period.startMs);
      if (index > 0) expect(period.startMs).toBe(periods[index - 1]?.endMs);
    }
  });

  it.each(CALENDAR_UNITS)('%ss begin and end exactly where the calendar turns', (unit) => {
    const nameAt = calendarOf(unit, timeZone);
    for (const { startMs, endMs } of periodsOf(unit, timeZone)) {
      expect(nameAt(endMs - 1)).toBe(nameAt(startMs));
      expect(nameAt(startMs - 1)).not.toBe(nameAt(startMs));
    }
  });

  it('every instant around a change of clocks lies in the day it names', () => {
    const changes = changedDaysOf(timeZone);
    if (!['UTC', 'Asia/Kolkata'].includes(timeZone)) expect(changes.length).toBeGreaterThanOrEqual(10);
    for (const day of changes) {
      for (let instantMs = day.startMs; instantMs < day.endMs; instantMs += HOUR_MS) {
        expect(periodAt('day', timeZone, instantMs)).toEqual(day);
      }
      expect(periodAt('day', timeZone, day.endMs - 1)).toEqual(day);
    }
  });

  it.each(CLOCK_UNITS)(
    '%ss around each change of clocks follow each other and hold their instants',
    (unit) => {
      const lengthMs = unit === 'hour' ? HOUR_MS : 60_000;
      const clock = new Intl.DateTimeFormat('en-GB', { timeZone, minute: '2-digit', second: '2-digit' });
      const days = changedDaysOf(timeZone).concat(periodAt('day', timeZone, FROM_MS));
      for (const day of unit === 'hour' ? days : days.slice(0, 2)) {
        let fullPeriods = 0;
        for (let { startMs, endMs } = periodAt(unit, timeZone, day.startMs); startMs < day.endMs; ) {
          for (const instantMs of [startMs, Math.floor((startMs + endMs) / 2), endMs - 1])
            expect(periodAt(unit, timeZone, instantMs)).toEqual({ unit, startMs, endMs });
          if (endMs - startMs === lengthMs) {
            fullPeriods += 1;
            expect(clock.format(startMs)).toMatch(unit === 'hour' ? /00:00$/ : /:00$/);
          }
          expect(endMs - startMs).toBeLessThanOrEqual(lengthMs);
          ({ startMs, endMs } = periodAt(unit, timeZone, endMs));
        }
        // Clocks that are set by half an hour cut at most two hours of the day.
        expect(fullPeriods).toBeGreaterThanOrEqual(Math.floor((day.endMs - day.startMs) / lengthMs) - 2);
      }
    },
  );
});

function changedDaysOf(timeZone: string): Period[] {
  return periodsOf('day', timeZone).filter(({ startMs, endMs }) => endMs - startMs !== 24 * HOUR_MS);
}

describe('a period', () => {
  it('is written as [start, end) in UTC, whatever zone names it', () => {
    const october = periodAt('month', 'Europe/Berlin', Date.UTC(2026, 9, 15));
    expect(iso(october)).toEqual(['2026-09-30T22:00:00.000Z', '2026-10-31T23:00:00.000Z']);
    const day = periodAt('day', 'America/New_York', Date.UTC(2026, 10, 21, 3));
    expect(iso(day)).toEqual(['2026-11-20T05:00:00.000Z', '2026-11-21T05:00:00.000Z']);
  });

  it('holds its first millisecond and not its last', () => {
    const { startMs, endMs } = periodAt('month', 'UTC', Date.UTC(2026, 9, 15));
    expect(periodAt('month', 'UTC', startMs).startMs).toBe(startMs);
    expect(periodAt('month', 'UTC', startMs - 1).endMs).toBe(startMs);
    expect(periodAt('month', 'UTC', endMs).startMs).toBe(endMs);
  });

  it.each([
    ['Europe/Berlin', Date.UTC(2026, 2, 29, 12), 23],
    ['Europe/Berlin', Date.UTC(2026, 9, 25, 12), 25],
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 5, 3), 24.5],
    ['Asia/Kolkata', Date.UTC(2026, 3, 5, 3), 24],
  ])('of a day in %s around %s lasts %s hours', (timeZone, instantMs, hours) => {
    const { startMs, endMs } = periodAt('day', timeZone, instantMs);
    expect((endMs - startMs) / HOUR_MS).toBe(hours);
  });

  it('starts at one in the morning where the clocks jump over midnight', () => {
    const day = periodAt('day', 'America/Santiago', Date.UTC(2026, 8, 6, 12));
    expect(describeReset({ ...day, endMs: day.startMs }, 'America/Santiago')).toBe(
      '6 Sept 01:00 America/Santiago',
    );
  });

  it('knows leap years and instants before the epoch', () => {
    expect(iso(periodAt('month', 'UTC', Date.UTC(2028, 1, 29)))[1]).toBe('2028-03-01T00:00:00.000Z');
    expect(iso(periodAt('day', 'UTC', -1))).toEqual(['1969-12-31T00:00:00.000Z', '1970-01-01T00:00:00.000Z']);
  });
});

describe('a period in words', () => {
  const october = periodAt('month', 'Europe/Berlin', Date.UTC(2026, 9, 15));

  it('is named as people of its zone name it, although UTC calls its start September', () => {
    expect(describePeriod(october, 'Europe/Berlin')).toBe('October 2026');
    const day = periodAt('day', 'Europe/Berlin', Date.UTC(2026, 10, 20, 23));
    expect(describePeriod(day, 'Europe/Berlin')).toBe('21 November 2026');
  });

  it.each([
    ['minute', '21 November 2026 15:26', '21 November 15:26'],
    ['hour', '21 November 2026 15:00', '21 November 15:00'],
    ['week', 'the week of 16 November 2026', 'the week of 16 November'],
    ['quarter', 'Q4 2026', 'Q4'],
    ['year', '2026', '2026'],
  ] as const)('a %s is %j, or %j', (unit, named, current) => {
    const period = periodAt(unit, 'Europe/Berlin', Date.UTC(2026, 10, 21, 14, 26, 59, 999));
    expect(describePeriod(period, 'Europe/Berlin')).toBe(named);
    expect(describePeriod(period, 'Europe/Berlin', { withYear: false })).toBe(current);
  });

  it('leaves the year out when asked', () => {
    expect(describePeriod(october, 'Europe/Berlin', { withYear: false })).toBe('October');
    const day = periodAt('day', 'UTC', Date.UTC(2026, 10, 21));
    expect(describePeriod(day, 'UTC', { withYear: false })).toBe('21 November');
  });

  it('says when it resets, on the clock of its zone', () => {
    expect(describeReset(october, 'Europe/Berlin')).toBe('1 Nov 00:00 Europe/Berlin');
  });
});

describe('a time zone', () => {
  it.each([...ZONES])('%s is known', (timeZone) => {
    expect(requireTimeZone(timeZone)).toBe(timeZone);
  });

  it.each(['Mars/Olympus', '', 'Berlin', 'UTC+25', '../etc/localtime'])(
    '%j is refused, by name',
    (timeZone) => {
      for (const attempt of [() => requireTimeZone(timeZone), () => periodAt('day', timeZone, 0)]) {
        expect(attempt).toThrow(
          expect.objectContaining({
            code: 'TALLYGATE_ZONE_UNKNOWN',
            message: expect.stringContaining(`"${timeZone}"`),
          }),
        );
      }
    },
  );
});

describe('the UTC days that cover a range', () => {
  const day = (date: number, hour = 0) => Date.UTC(2026, 9, date, hour);

  it('are whole days from the one of the start to the one of the last millisecond', () => {
    expect(utcDaysCovering(day(1, 12), day(3, 1)).map((period) => iso(period)[0]?.slice(0, 10))).toEqual([
      '2026-10-01',
      '2026-10-02',
      '2026-10-03',
    ]);
  });

  it('leave out a day of which no instant is in the range', () => {
    expect(utcDaysCovering(day(1), day(2))).toHaveLength(1);
    expect(utcDaysCovering(day(1), day(2) + 1)).toHaveLength(2);
  });

  it.each([
    [day(1), day(1)],
    [day(1, 12), day(1, 12)],
    [day(1, 12), day(1, 6)],
    [day(2), day(1)],
  ])('are none for the empty range [%s, %s)', (fromMs, toMs) => {
    expect(utcDaysCovering(fromMs, toMs)).toEqual([]);
  });
});
