import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  describePeriod,
  describeReset,
  describeUnit,
  longestPeriodMs,
  periodAt,
  periodUnitSchema,
} from './period.ts';
import { partIsOutMs, partMsOf, partsInWindow, ROLLING_MINUTES_MAX, rollingUnit } from './rolling.ts';

const minutes = fc.integer({ min: 1, max: ROLLING_MINUTES_MAX });
const instantMs = fc.integer({ min: 0, max: 4 * 10 ** 12 });

describe('a rolling window', () => {
  it('counts each instant for the whole window at least, and for a sixtieth of it longer at most', () => {
    fc.assert(
      fc.property(minutes, instantMs, (length, atMs) => {
        const unit = rollingUnit(length);
        const { startMs } = periodAt(unit, 'UTC', atMs);
        const countedMs = partIsOutMs(startMs, partMsOf(unit)) - atMs;
        expect(countedMs).toBeGreaterThan(length * 60_000);
        expect(countedMs).toBeLessThanOrEqual((length * 60_000 * 61) / 60);
        expect(longestPeriodMs(unit)).toBeGreaterThanOrEqual(countedMs);
      }),
    );
  });

  it('is made of the parts that are not out while the last of them is current', () => {
    fc.assert(
      fc.property(minutes, instantMs, (length, atMs) => {
        const unit = rollingUnit(length);
        const partMs = partMsOf(unit);
        const { startMs, endMs } = periodAt(unit, 'Asia/Kathmandu', atMs);
        const parts = partsInWindow(startMs, partMs);
        expect(parts.at(-1)).toBe(startMs);
        expect(parts.every((part) => partIsOutMs(part, partMs) >= endMs)).toBe(true);
        expect(partIsOutMs((parts[0] ?? 0) - partMs, partMs)).toBe(startMs);
      }),
    );
  });

  it.each([
    [1, 'the last minute', 'rolling 1 minute'],
    [90, 'the last 90 minutes', 'rolling 90 minutes'],
    [60, 'the last hour', 'rolling 1 hour'],
    [1_440, 'the last 24 hours', 'rolling 24 hours'],
    [10_080, 'the last 7 days', 'rolling 7 days'],
  ])('of %i minutes is %j, and a limit is per %j', (length, window, unit) => {
    const period = periodAt(rollingUnit(length), 'UTC', 0);
    expect(describePeriod(period, 'UTC')).toBe(window);
    expect(describeUnit(period.unit)).toBe(unit);
    expect(describeReset(period, 'UTC')).toBe('part by part');
  });

  it.each(['rolling-0m', 'rolling-129601m', 'rolling-1h', 'rolling-m', 'rolling-1.5m', 'rolling'])(
    'is not named %j',
    (unit) => {
      expect(periodUnitSchema.safeParse(unit).success).toBe(false);
    },
  );
});
