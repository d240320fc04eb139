import { NANO_USD_MAX } from '@tallygate/usage';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limbs } from './limbs.ts';

test('both limbs of every amount are whole numbers that a double holds, and together they are the amount', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, NANO_USD_MAX), (amount) => {
      const [usd, nanos] = limbs(amount);
      expect(Number.isSafeInteger(usd)).toBe(true);
      expect(nanos).toBeLessThan(1_000_000_000);
      expect(BigInt(usd) * 1_000_000_000n + BigInt(nanos)).toBe(amount);
    }),
    { examples: [[0n], [2n ** 53n + 1n], [NANO_USD_MAX]] },
  );
});
