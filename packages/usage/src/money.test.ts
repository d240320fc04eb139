import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TallygateError } from './errors.ts';
import {
  divideHalfEven,
  formatUsd,
  NANO_USD_MAX,
  nanoFromPico,
  nanoFromUsd,
  nanoUsdSchema,
  usdFromNano,
  usdFromPico,
} from './money.ts';

/** One seed, so that a failure is the same failure tomorrow. */
function forAll<T>(values: fc.Arbitrary<T>, check: (value: T) => void): void {
  const holds: (property: fc.IProperty<[T]>, parameters: fc.Parameters<[T]>) => void = fc.assert;
  holds(fc.property(values, check), { seed: 20261121 });
}

const INT64_MIN = -(2n ** 63n);
const anyNano = fc.bigInt({ min: -NANO_USD_MAX, max: NANO_USD_MAX });
const anyPico = fc.bigInt({ min: -NANO_USD_MAX * 1000n, max: NANO_USD_MAX * 1000n });

describe('rounding pico to nano', () => {
  it('is the nearest nano, and the even one of two equally near, for any amount', () => {
    forAll(anyPico, (amountPicoUsd) => {
      const nano = nanoFromPico(amountPicoUsd);
      // The model is rational: |nano − pico/1000| ≤ 1/2, with both sides multiplied by 2000.
      const twiceDistance = 2n * (nano * 1000n - amountPicoUsd);
      const magnitude = twiceDistance < 0n ? -twiceDistance : twiceDistance;
      expect(magnitude).toBeLessThanOrEqual(1000n);
      if (magnitude === 1000n) expect(nano % 2n).toBe(0n);
    });
  });

  it.each([
    [500n, 0n],
    [1_500n, 2n],
    [2_500n, 2n],
    [-500n, 0n],
    [-1_500n, -2n],
    [-2_500n, -2n],
    [499n, 0n],
    [501n, 1n],
    [-501n, -1n],
    [0n, 0n],
  ])('turns %s pico into %s nano', (pico, nano) => {
    expect(nanoFromPico(pico)).toBe(nano);
  });

  it('favours no direction: halves of both parities and signs add up to nothing', () => {
    const halves = Array.from({ length: 200 }, (_, index) => BigInt(index - 100) * 1000n + 500n);
    const error = halves.reduce((sum, pico) => sum + nanoFromPico(pico) * 1000n - pico, 0n);
    expect(error).toBe(0n);
  });

  it('is so for every unit, the odd ones too, which nothing lies halfway between', () => {
    forAll(fc.tuple(anyPico, fc.bigInt({ min: 1n, max: 10n ** 16n })), ([amount, unit]) => {
      const units = divideHalfEven(amount, unit);
      const twiceDistance = 2n * (units * unit - amount);
      const magnitude = twiceDistance < 0n ? -twiceDistance : twiceDistance;
      expect(magnitude).toBeLessThanOrEqual(unit);
      if (magnitude === unit) expect(units % 2n).toBe(0n);
    });
  });

  it('is symmetric around zero', () => {
    forAll(anyPico, (pico) => {
      expect(nanoFromPico(-pico)).toBe(-nanoFromPico(pico));
    });
  });
});

describe('USD as decimal text', () => {
  it('reads back every amount it writes, over the whole range', () => {
    forAll(anyNano, (nano) => {
      expect(nanoFromUsd(usdFromNano(nano))).toBe(nano);
    });
  });

  it.each([
    ['500', 500_000_000_000n],
    ['0.25', 250_000_000n],
    ['-1.000000001', -1_000_000_001n],
    [' 7 ', 7_000_000_000n],
    ['-0', 0n],
    ['9223372036.854775807', NANO_USD_MAX],
    ['-9223372036.854775807', -NANO_USD_MAX],
  ])('reads %j as %s nano-USD', (text, nano) => {
    expect(nanoFromUsd(text)).toBe(nano);
  });

  it.each(['', '1.', '.5', '1e3', '1,000', '$1', '0.0000000001', '12345678901', '--1', '0x1', 'NaN', '１'])(
    'refuses %j',
    (text) => {
      expect(() => nanoFromUsd(text)).toThrow(TallygateError);
    },
  );

  it.each(['9223372036.854775808', '-9223372036.854775808', '9999999999'])(
    'refuses %s, which no store could hold, instead of letting it overflow later',
    (text) => {
      expect(() => nanoFromUsd(text)).toThrow(
        expect.objectContaining({ code: 'TALLYGATE_MONEY_INVALID', message: expect.stringContaining(text) }),
      );
    },
  );

  it('writes nine digits of nano, and twelve of pico only when the last three count', () => {
    expect(usdFromNano(10_000_000n)).toBe('0.010000000');
    expect(usdFromNano(-1n)).toBe('-0.000000001');
    expect(usdFromNano(NANO_USD_MAX)).toBe('9223372036.854775807');
    expect(usdFromPico(1_000n)).toBe('0.000000001');
    expect(usdFromPico(1_500n)).toBe('0.000000001500');
    expect(usdFromPico(-1n)).toBe('-0.000000000001');
  });

  it('loses nothing of a pico amount', () => {
    forAll(anyPico, (pico) => {
      const [whole = '', fraction = ''] = usdFromPico(pico).split('.');
      expect(BigInt(whole + fraction.padEnd(12, '0'))).toBe(pico);
    });
  });
});

describe('USD for people', () => {
  it.each([
    [0n, '$0.00'],
    [498_200_000_000n, '$498.20'],
    [1_234_567_890_000_000n, '$1,234,567.89'],
    [-1_900_000_000n, '-$1.90'],
    [10_000_000n, '$0.01'],
    [4_200_000n, '$0.0042'],
    [123n, '$0.00000012'],
    [1n, '$0.000000001'],
    [-1n, '-$0.000000001'],
    [995_000_000n, '$1.00'],
    [999_999_999_999n, '$1,000.00'],
    [NANO_USD_MAX, '$9,223,372,036.85'],
  ])('shows %s nano-USD as %s', (nano, text) => {
    expect(formatUsd(nano)).toBe(text);
  });

  it('is never further away than half of the last digit it shows', () => {
    forAll(anyNano, (nano) => {
      const text = formatUsd(nano).replace(/[$,]/g, '');
      const digits = text.split('.')[1]?.length ?? 0;
      const distance = nanoFromUsdUnbounded(text) - nano;
      expect(2n * (distance < 0n ? -distance : distance)).toBeLessThanOrEqual(10n ** BigInt(9 - digits));
    });
  });

  it('never shows money as nothing', () => {
    forAll(fc.bigInt({ min: 1n, max: 20_000_000n }), (nano) => {
      expect(formatUsd(nano)).toMatch(/[1-9]/);
    });
  });
});

describe('money on a wire', () => {
  it.each([
    ['9223372036854775807', NANO_USD_MAX],
    ['-9223372036854775808', INT64_MIN],
    ['0', 0n],
    ['9007199254740993', 9_007_199_254_740_993n],
  ])('carries %s exactly', (text, nano) => {
    expect(nanoUsdSchema.parse(text)).toBe(nano);
    expect(nanoUsdSchema.encode(nano)).toBe(text);
  });

  it.each(['9223372036854775808', '-9223372036854775809', '1.5', '', '1e3', ' 1'])('refuses %j', (text) => {
    expect(nanoUsdSchema.safeParse(text).success).toBe(false);
  });

  it('refuses a number: a float has already lost what it lost', () => {
    expect(nanoUsdSchema.safeParse(1).success).toBe(false);
  });

  it('refuses to write an amount that no reader could store', () => {
    expect(() => nanoUsdSchema.encode(2n ** 63n)).toThrow();
    expect(() => nanoUsdSchema.encode(INT64_MIN - 1n)).toThrow();
  });
});

/** Reads what rounding for display may have carried past the largest amount. */
function nanoFromUsdUnbounded(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(9, '0'));
}
