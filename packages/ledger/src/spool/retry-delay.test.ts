import fc from 'fast-check';
import { expect, it } from 'vitest';
import { retryDelayMs } from './retry-delay.ts';

it('a retry waits anywhere between nothing and a bound that doubles up to 30 seconds', () => {
  expect([1, 2, 3, 8, 9, 1_000].map((failures) => retryDelayMs(failures, 1))).toEqual([
    200, 400, 800, 25_600, 30_000, 30_000,
  ]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (failures, random) => {
        const delay = retryDelayMs(failures, random);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(30_000);
      },
    ),
  );
});
