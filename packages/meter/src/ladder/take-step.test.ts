import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largest } from './take-step.ts';

describe('the largest value that fits', () => {
  it('fits, and the next one does not', () => {
    const count = fc.integer({ min: 1, max: 200_000 });
    fc.assert(
      fc.property(count, count, fc.nat(300_000), (least, most, bound) => {
        const found = largest(least, most, (value) => value <= bound);
        expect(found).toBe(least > most || least > bound ? null : Math.min(most, bound));
      }),
    );
  });
});
