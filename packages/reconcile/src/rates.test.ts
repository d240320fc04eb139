import { describe, expect, it } from 'vitest';
import { createPriceSum, type Terms } from './rates.ts';
import type { PriceTokens } from './reconcile-input.ts';
import { price, tokens } from './testing/made-input.ts';

const terms = (changes: Partial<Terms>): Terms => ({
  atMs: 0,
  model: 'claude-a',
  serviceTier: 'standard',
  inferenceGeo: null,
  speed: null,
  promptBand: null,
  ...changes,
});
const many = tokens({
  uncachedInputTokens: 700,
  cacheReadInputTokens: 90,
  outputTokens: 33,
  webSearchRequests: 2,
});

describe('the price of a sum', () => {
  it('is that of its tokens one by one, negative ones taken off', () => {
    const sum = createPriceSum(price);
    const question = { model: 'claude-a', atMs: 0, serviceTier: 'standard', inferenceGeo: null, speed: null };
    expect(sum(terms({}), many)).toBe(price({ ...question, tokens: many }));
    expect(sum(terms({}), tokens({ outputTokens: -3 }))).toBe(-3n * 1_400_013n);
  });

  it('is not told where long prompts cost more and the sum may hold some', () => {
    const sum = createPriceSum(price);
    const banded = (promptBand: Terms['promptBand'], uncachedInputTokens: number) =>
      sum(terms({ model: 'banded', promptBand }), tokens({ uncachedInputTokens }));
    expect(banded(null, 5_000)).toBeNull();
    expect(banded(null, 900)).toBe(900n * 1_000_001n);
    expect(banded('standard', 5_000)).toBe(5_000n * 1_000_001n);
    expect(banded('long', 5_000)).toBe(10_000n * 1_000_001n);
    expect(sum(terms({ model: 'banded' }), tokens({ outputTokens: -3 }))).toBeNull();
  });

  it('is not told by a price list that leaves a guess to make', () => {
    expect(createPriceSum(price)(terms({ model: 'unknown-model' }), many)).toBeNull();
  });

  it('asks the price list once for all sums on the same terms', () => {
    let asked = 0;
    const counting: PriceTokens = (question) => {
      asked += 1;
      return price(question);
    };
    const sum = createPriceSum(counting);
    sum(terms({}), many);
    const afterOne = asked;
    for (let index = 0; index < 100; index += 1) sum(terms({}), tokens({ outputTokens: index }));
    expect(asked).toBe(afterOne);
  });
});
