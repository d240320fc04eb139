import { NANO_USD_MAX, periodAt } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { periodEndBoundMs, totalsByPeriod } from './seeds.ts';

describe('totals of the ledger', () => {
  test('are summed per period, exactly', () => {
    const key = 'all:month:0';
    const totals = [1n, 9_007_199_254_740_993n, -2n].map((amount) => ({ key, amount }));
    expect(totalsByPeriod([...totals, { key: 'b:day:0', amount: 5n }])).toEqual(
      new Map([
        [key, 9_007_199_254_740_992n],
        ['b:day:0', 5n],
      ]),
    );
  });

  test.each([
    { key: 'all', amount: 1n },
    { key: 'all:decade:0', amount: 1n },
    { key: 'all:day:0', amount: NANO_USD_MAX + 1n },
  ])('one that cannot be counted stops the rebuild: $key $amount', (total) => {
    expect(() => totalsByPeriod([total])).toThrow(
      expect.objectContaining({ code: 'TALLYGATE_GATE_UNAVAILABLE' }),
    );
  });
});

test('no period of any zone ends after the bound that stands in for its end', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Apia',
  ];
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4 * 10 ** 12 }),
      fc.constantFrom('day' as const, 'month' as const),
      fc.constantFrom(...zones),
      (instantMs, unit, zone) => {
        const { startMs, endMs } = periodAt(unit, zone, instantMs);
        expect(periodEndBoundMs(`all:${unit}:${startMs}`)).toBeGreaterThanOrEqual(endMs);
      },
    ),
  );
});
