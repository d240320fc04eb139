import fc from 'fast-check';
import { expect, it } from 'vitest';
import { priceReported } from './price-reported.ts';
import { price, tokens } from './testing/made-input.ts';

const row = (uncachedInputTokens: number, contextWindow: string | null = '0-200k') => ({
  atMs: 0,
  model: 'banded',
  serviceTier: null,
  inferenceGeo: null,
  contextWindow,
  tokens: tokens({ uncachedInputTokens }),
});
const RATE = 1_000_001n;

it('one request is priced in the band of its own prompt', () => {
  expect(priceReported(price, row(1000), true)).toBe(1000n * RATE);
  expect(priceReported(price, row(1001), true)).toBe(2002n * RATE);
});

it('a sum over requests is priced only where the band cannot matter', () => {
  expect(priceReported(price, row(1000), false)).toBe(1000n * RATE);
  expect(priceReported(price, row(1001), false)).toBeNull();
  expect(priceReported(price, { ...row(1_000_000), model: 'flat' }, false)).toBe(1_000_000n * RATE);
});

it('a sum of which every prompt was long is priced as long', () => {
  expect(priceReported(price, row(1_000_000, '200k-1M'), false)).toBe(2_000_000n * RATE);
});

it('what the price list does not know has no price, however it is asked', () => {
  for (const isOneRequest of [true, false]) {
    expect(priceReported(price, { ...row(5), model: 'unknown-model' }, isOneRequest)).toBeNull();
  }
});

it('no sum is ever priced as if it were one long prompt', () => {
  const prompts = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(prompts, (lengths) => {
      const truth = lengths.reduce(
        (sum, length) => sum + (priceReported(price, row(length), true) ?? 0n),
        0n,
      );
      const asSum = priceReported(price, row(lengths.reduce((sum, length) => sum + length, 0)), false);
      expect([truth, null]).toContain(asSum);
    }),
    { seed: 20261121 },
  );
});
