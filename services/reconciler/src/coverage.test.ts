import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverageAt } from './coverage.ts';

const at = (text: string) => Date.parse(text);
const now = at('2026-11-21T10:30:00Z');
const days = ({ fromMs, toMs }: { fromMs: number; toMs: number }) =>
  [fromMs, toMs].map((instantMs) => new Date(instantMs).toISOString().slice(0, 10));

describe('the days of a run', () => {
  it.each([
    ['yesterday and today when nothing was reported before', null, '2026-11-20'],
    ['yesterday and today after a report of this morning', '2026-11-21T09:30:00Z', '2026-11-20'],
    ['the day before the last report too, once midnight has passed', '2026-11-20T23:30:00Z', '2026-11-19'],
    ['every day since the last report after a pause', '2026-11-10T12:00:00Z', '2026-11-09'],
    ['at most 31 days, a page of the provider', '2026-01-01T00:00:00Z', '2026-10-22'],
    [
      'yesterday and today when the last report is from a clock ahead of ours',
      '2026-12-24T00:00:00Z',
      '2026-11-20',
    ],
  ])('are %s', (_case, lastReport, from) => {
    expect(days(coverageAt(now, lastReport === null ? null : at(lastReport)))).toEqual([from, '2026-11-22']);
  });

  it('are the same at the first and the last instant of a UTC day', () => {
    for (const instant of ['2026-11-21T00:00:00.000Z', '2026-11-21T23:59:59.999Z']) {
      expect(days(coverageAt(at(instant), null))).toEqual(['2026-11-20', '2026-11-22']);
    }
  });

  it('are whole, hold now and yesterday, and leave no hole behind the last report of the last four weeks', () => {
    const instants = fc.integer({ min: now, max: now + 400 * 86_400_000 });
    const ages = fc.integer({ min: 0, max: 28 * 86_400_000 });
    fc.assert(
      fc.property(instants, ages, (nowMs, ageMs) => {
        const { fromMs, toMs } = coverageAt(nowMs, nowMs - ageMs);
        expect(fromMs % 86_400_000).toBe(0);
        expect(toMs % 86_400_000).toBe(0);
        expect(nowMs - ageMs).toBeGreaterThanOrEqual(fromMs);
        expect(fromMs).toBeLessThanOrEqual(nowMs - 86_400_000);
        expect(toMs).toBeGreaterThan(nowMs);
        expect((toMs - fromMs) / 86_400_000).toBeLessThanOrEqual(31);
      }),
      { seed: 20261121 },
    );
  });
});
