import fc from 'fast-check';
import { expect, it } from 'vitest';
import { costRanges } from './cost-ranges.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const day = (instantMs: number) => new Date(instantMs).toISOString().slice(0, 10);
const ranges = (text: string) =>
  costRanges(Date.parse(text)).map(({ fromMs, toMs, sinceMs }) => [day(fromMs), day(toMs), day(sinceMs)]);

it.each([
  [
    'the running month to midnight once the day has begun in earnest',
    '2026-11-21T06:00:00Z',
    ['2026-11-01', '2026-11-21', '2026-11-21'],
  ],
  ['until then to the midnight before', '2026-11-21T05:59:59Z', ['2026-11-01', '2026-11-20', '2026-11-20']],
  [
    'on the first of a month the one that is over, whole',
    '2026-11-01T06:00:00Z',
    ['2026-10-01', '2026-11-01', '2026-11-01'],
  ],
])('is due: %s', (_case, now, first) => {
  expect(ranges(now)[0]).toEqual(first);
});

it('a month is due again 3, 7 and 31 days after its end, and then no more', () => {
  const october = (text: string) => ranges(text).find(([from]) => from === '2026-10-01')?.[2];
  expect(
    ['11-02', '11-04', '11-21', '12-02', '12-10'].map((date) => october(`2026-${date}T06:00:00Z`)),
  ).toEqual([...['2026-11-01', '2026-11-04', '2026-11-08', '2026-12-02'], undefined]);
});

it('whatever the hour, each range once, of whole days that are over, and of one month', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 * 24 }), (hours) => {
      const nowMs = Date.UTC(2026, 0, 1) + hours * HOUR_MS;
      const found = costRanges(nowMs);
      expect(new Set(found.map(({ fromMs }) => fromMs)).size).toBe(found.length);
      for (const { fromMs, toMs, sinceMs } of found) {
        expect([fromMs % DAY_MS, toMs % DAY_MS, fromMs < toMs]).toEqual([0, 0, true]);
        expect(toMs).toBeLessThanOrEqual(sinceMs);
        expect(sinceMs).toBeLessThanOrEqual(nowMs);
        expect(day(fromMs).slice(0, 7)).toBe(day(toMs - 1).slice(0, 7));
      }
    }),
    { seed: 20261121 },
  );
});
