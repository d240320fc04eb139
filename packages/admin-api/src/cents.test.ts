import fc from 'fast-check';
import { expect, it } from 'vitest';
import { picoFromCents } from './cents.ts';

it('reads cents, never dollars: "123.45" is 1.2345 USD', () => {
  expect(picoFromCents('123.45')).toBe(1_234_500_000_000n);
  expect(picoFromCents('946.6')).toBe(9_466_000_000_000n);
  expect(picoFromCents('6')).toBe(60_000_000_000n);
});

it('keeps digits below a cent exactly, down to one pico-USD', () => {
  expect(picoFromCents('123.78912')).toBe(1_237_891_200_000n);
  expect(picoFromCents('0.0000000001')).toBe(1n);
  expect(picoFromCents('-0.5')).toBe(-5_000_000_000n);
});

it('accepts zeros beyond the last exact digit and refuses anything else there', () => {
  expect(picoFromCents('1.00000000010000')).toBe(10_000_000_001n);
  expect(picoFromCents('1.00000000001')).toBeNull();
});

it.each(['', ' 1', '1 ', '1.', '.5', '+1', '1e3', '1,000', 'NaN', '0x10', '١', '1.2.3', '9'.repeat(19)])(
  'refuses %j',
  (text) => {
    expect(picoFromCents(text)).toBeNull();
  },
);

it('is the inverse of writing the amount in cents, for every amount', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 27n), max: 10n ** 27n }), (amountPicoUsd) => {
      const magnitude = amountPicoUsd < 0n ? -amountPicoUsd : amountPicoUsd;
      const digits = magnitude.toString().padStart(11, '0');
      const text = `${amountPicoUsd < 0n ? '-' : ''}${digits.slice(0, -10)}.${digits.slice(-10)}`;
      expect(picoFromCents(text)).toBe(amountPicoUsd);
    }),
    { seed: 20261121 },
  );
});
