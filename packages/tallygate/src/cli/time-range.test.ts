import { isoFromMs } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeRange, monthToDate, type RangeOptions, rangeFrom, yesterday } from './time-range.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12, 30);
const NOTHING = { fromMs: 0, toMs: 1 };
const read = (options: RangeOptions) => {
  const { fromMs, toMs } = rangeFrom(options, NOW_MS, NOTHING);
  return [isoFromMs(fromMs), isoFromMs(toMs)];
};

describe('rangeFrom', () => {
  it('reads a month, a day, dates and instants as [from, to) in UTC', () => {
    expect(read({ month: '2026-02' })).toEqual(['2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z']);
    expect(read({ month: '2026-12' })).toEqual(['2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z']);
    expect(read({ day: '2024-02-29' })).toEqual(['2024-02-29T00:00:00.000Z', '2024-03-01T00:00:00.000Z']);
    expect(read({ from: '2026-10-01', to: '2026-10-08' })).toEqual([
      '2026-10-01T00:00:00.000Z',
      '2026-10-08T00:00:00.000Z',
    ]);
    expect(read({ from: '2026-11-21T08:15Z' })).toEqual(['2026-11-21T08:15:00.000Z', isoFromMs(NOW_MS)]);
  });

  it('answers what the command chose where nothing is said', () => {
    expect(rangeFrom({}, NOW_MS, NOTHING)).toBe(NOTHING);
    expect(describeRange(monthToDate(NOW_MS))).toBe(
      '2026-11-01 to 2026-11-21T12:30:00Z (UTC, end not included)',
    );
    expect(describeRange(yesterday(NOW_MS))).toBe('2026-11-20 to 2026-11-21 (UTC, end not included)');
  });

  it.each([
    { day: '2026-02-30' },
    { day: '2026-2-3' },
    { month: '2026-00' },
    { month: '2026' },
    { from: '2026-02-30T10:00:00Z' },
    { from: '2026-10-01T10:00:00' },
    { from: '2026-10-01T25:00:00Z' },
    { from: '2026-12-01' },
    { from: '2026-10-01', to: '2026-10-01' },
    { month: '2026-10', day: '2026-10-01' },
    { day: '2026-10-01', to: '2026-10-03' },
  ])('refuses %j', (options) => {
    expect(() => read(options)).toThrow(expect.objectContaining({ code: 'TALLYGATE_REQUEST_INVALID' }));
  });

  it('takes any day of the calendar and covers exactly it', () => {
    const day = fc.integer({ min: 0, max: 40_000 }).map((index) => index * 86_400_000);
    fc.assert(
      fc.property(day, (startMs) => {
        const text = isoFromMs(startMs).slice(0, 10);
        expect(rangeFrom({ day: text }, NOW_MS, NOTHING)).toEqual({
          fromMs: startMs,
          toMs: startMs + 86_400_000,
        });
      }),
      { seed: 20261121 },
    );
  });
});
