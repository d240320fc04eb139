import { builtinPriceBook as book, charge, livePriceBook } from '@tallygate/pricing';
import { NO_USAGE } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { listPrice, modelNameIn } from './list-price.ts';

const atMs = Date.parse('2026-11-20T12:00:00Z');
const tokens = {
  uncachedInputTokens: 11,
  cacheReadInputTokens: 22,
  cacheWrite5mInputTokens: 33,
  cacheWrite1hInputTokens: 44,
  outputTokens: 55,
  webSearchRequests: 2,
};
const question = {
  model: 'claude-opus-5-5',
  atMs,
  tokens,
  serviceTier: 'standard',
  inferenceGeo: 'global',
  speed: null,
};

describe('the price list as evidence', () => {
  it('says what the function that charges our rows says, exact', () => {
    const charged = charge(book, {
      ...question,
      backend: 'anthropic',
      usage: { ...NO_USAGE, ...tokens },
      speed: null,
      billed: true,
      unpricedModels: 'dearest',
    });
    expect(charged.listCostPicoUsd).toBeGreaterThan(0n);
    expect(listPrice(book, 'dearest')(question)).toBe(charged.listCostPicoUsd);
  });

  it('says list whatever was agreed: a discount is found by comparing with the bill, not assumed beforehand', () => {
    const agreed = livePriceBook(null, [{ id: 'frame', discountPercent: '30', source: 'order form' }]);
    const listed = listPrice(book, 'dearest')(question);
    expect(listed).toBeGreaterThan(0n);
    expect(listPrice(agreed, 'dearest')(question)).toBe(listed);
  });

  it.each([
    ['a model without a price', { model: 'claude-nobody-1' }],
    ['a tier nobody has heard of', { serviceTier: 'flex_discount' }],
    ['a geography nobody has heard of', { inferenceGeo: 'mars' }],
  ])('says nothing about %s, for that would be a guess', (_case, changes) => {
    expect(listPrice(book, 'dearest')({ ...question, ...changes })).toBeNull();
    expect(listPrice(book, 'deny')({ ...question, ...changes })).toBeNull();
  });

  it('speaks for a model that somebody chose to price like another', () => {
    const like = listPrice(book, { like: 'claude-opus-5-5' });
    expect(like({ ...question, model: 'claude-nobody-1' })).toBe(like(question));
  });

  it('does not speak where the model to be priced like has no price either', () => {
    expect(
      listPrice(book, { like: 'claude-nobody-2' })({ ...question, model: 'claude-nobody-1' }),
    ).toBeNull();
  });
});

it('gives every name of a model one name, and leaves strangers alone', () => {
  const nameOf = modelNameIn(book);
  expect(nameOf('claude-haiku-4-5')).toBe(nameOf('claude-haiku-4-5-20251001'));
  expect(nameOf('claude-nobody-1')).toBe('claude-nobody-1');
});
