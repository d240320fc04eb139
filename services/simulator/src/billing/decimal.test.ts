import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centsFrom, picoUsdFrom, usdFrom } from './decimal.ts';

describe('decimals', () => {
  it('write amounts in cents with every digit that counts and none after', () => {
    expect(centsFrom(1_234_500_000_000n)).toBe('123.45');
    expect(centsFrom(60_000_000_000n)).toBe('6');
    expect(centsFrom(1n)).toBe('0.0000000001');
    expect(centsFrom(0n)).toBe('0');
  });

  it('read what they wrote, to the last pico-USD', () => {
    const amounts = fc.bigInt({ min: 0n, max: 10n ** 20n });
    fc.assert(
      fc.property(amounts, (amount) => picoUsdFrom(usdFrom(amount)) === amount),
      { seed: 20261121 },
    );
  });

  it.each(['', '-1', '1e3', '0.1234567890123', '1,000', ' 1'])('refuse %j as an amount', (text) => {
    expect(() => picoUsdFrom(text)).toThrow(RangeError);
  });
});
