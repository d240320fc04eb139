import { describe, expect, it } from 'vitest';
import { builtinPriceBook as book } from './anthropic/price-book.ts';
import { findPrice, isPriced, modelLimits } from './find-price.ts';

const atMs = Date.parse('2026-11-20T12:00:00Z');
const standard = { atMs, speed: null, promptBand: 'standard' } as const;
const priceIdOf = (model: string, backend: 'anthropic' | 'bedrock' | 'vertex' | 'foundry' = 'anthropic') =>
  findPrice(book, { ...standard, model, backend })?.priceId ?? null;

describe('looking up a model', () => {
  it.each([
    ['claude-haiku-4-5', 'claude-haiku-4-5-20251001@2025-10-15'],
    ['claude-haiku-4-5-20251001', 'claude-haiku-4-5-20251001@2025-10-15'],
    ['claude-haiku-4-5@20251001', 'claude-haiku-4-5-20251001@2025-10-15'],
    ['anthropic.claude-haiku-4-5-20251001-v1:0', 'claude-haiku-4-5-20251001@2025-10-15'],
    ['global.anthropic.claude-haiku-4-5-20251001-v1:0', 'claude-haiku-4-5-20251001@2025-10-15'],
    ['jp.anthropic.claude-haiku-4-5-20251001-v1:0', 'claude-haiku-4-5-20251001@2025-10-15'],
    ['anthropic.claude-opus-4-6-v1', 'claude-opus-4-6@2026-02-05'],
    ['us.anthropic.claude-sonnet-5-5', 'claude-sonnet-5-5@2026-10-07'],
    ['claude-sonnet-5-5', 'claude-sonnet-5-5@2026-10-07'],
    ['claude-sonnet-5', 'claude-sonnet-5@2026-06-30'],
    ['claude-fable-5-2', 'claude-fable-5-2@2026-11-09'],
    ['claude-fable-5', 'claude-fable-5@2026-06-09'],
  ])('knows %s by its exact name', (model, priceId) => {
    expect(priceIdOf(model)).toBe(priceId);
  });

  it.each([
    ['a dated form of a dateless id', 'claude-opus-4-6-20260205'],
    ['a longer id that begins with a known one', 'claude-sonnet-5-5-fast'],
    ['a shorter id that a known one begins with', 'claude-sonnet'],
    ['the next version', 'claude-opus-5-6'],
    ['another case', 'Claude-Opus-5-5'],
    ['an unknown Bedrock profile', 'mars.anthropic.claude-opus-5-5'],
    ['surrounding space', ' claude-opus-5-5'],
    ['a name that every object has', 'constructor'],
    ['nothing', ''],
  ])('does not price %s (%s)', (_what, model) => {
    expect(priceIdOf(model)).toBeNull();
    expect(modelLimits(book, model)).toBeNull();
  });

  it('takes a speed that was not reported for standard', () => {
    const named = findPrice(book, {
      ...standard,
      model: 'claude-opus-5-5',
      backend: 'anthropic',
      speed: 'standard',
    });
    expect(named?.priceId).toBe(priceIdOf('claude-opus-5-5'));
  });

  it('finds no fast price where none is offered, instead of the standard one', () => {
    const fast = findPrice(book, {
      ...standard,
      model: 'claude-sonnet-5-5',
      backend: 'anthropic',
      speed: 'fast',
    });
    expect(fast).toBeNull();
  });
});

describe('the history of prices', () => {
  it.each(book.prices)('finds $priceId from its first millisecond to its last, and not beyond', (price) => {
    const { model, speed, promptBand, startMs, endMs } = price;
    const idAt = (instantMs: number) =>
      findPrice(book, { model, backend: 'anthropic', atMs: instantMs, speed, promptBand })?.priceId;
    const inside = [startMs, endMs - 1].filter(Number.isFinite);
    const outside = [startMs - 1, endMs].filter(Number.isFinite);
    expect(inside.length + outside.length).toBe(
      (Number.isFinite(startMs) ? 2 : 0) + (Number.isFinite(endMs) ? 2 : 0),
    );
    for (const instantMs of inside) expect(idAt(instantMs)).toBe(price.priceId);
    for (const instantMs of outside) expect(idAt(instantMs)).not.toBe(price.priceId);
  });
});

describe('partner clouds', () => {
  const retired = 'claude-sonnet-4-20250514';

  it('keep the last price of a model that the provider has retired', () => {
    expect(priceIdOf(retired, 'anthropic')).toBeNull();
    expect(priceIdOf(retired, 'foundry')).toBeNull();
    expect(priceIdOf(retired, 'bedrock')).toBe('claude-sonnet-4-20250514@2025-05-22');
    expect(priceIdOf(retired, 'vertex')).toBe('claude-sonnet-4-20250514@2025-05-22');
  });

  it('do not revive a long-prompt or a fast price that has ended', () => {
    const ended = { ...standard, backend: 'bedrock' } as const;
    expect(findPrice(book, { ...ended, model: retired, promptBand: 'long' })).toBeNull();
    expect(findPrice(book, { ...ended, model: 'claude-opus-4-7', speed: 'fast' })).toBeNull();
  });

  it('do not price a model before it was released', () => {
    const early = { ...standard, backend: 'bedrock', atMs: Date.parse('2026-11-08T23:59:59.999Z') } as const;
    expect(findPrice(book, { ...early, model: 'claude-fable-5-2' })).toBeNull();
  });
});

describe('limits and availability', () => {
  it.each([
    ['claude-opus-5-5', 128_000, 1_000_000],
    ['claude-haiku-5-5', 128_000, 1_000_000],
    ['claude-sonnet-4-5', 64_000, 200_000],
    ['claude-opus-4-1', 32_000, 200_000],
    ['claude-3-haiku-20240307', 4_096, 200_000],
  ])('of %s are the published ones', (model, maxOutputTokens, contextWindowTokens) => {
    expect(modelLimits(book, model)).toEqual({ maxOutputTokens, contextWindowTokens });
  });

  it('say whether a model has a price on a date', () => {
    expect(isPriced(book, 'claude-fable-5-2', Date.parse('2026-11-09T00:00:00Z'))).toBe(true);
    expect(isPriced(book, 'claude-fable-5-2', Date.parse('2026-11-08T23:59:59.999Z'))).toBe(false);
    expect(isPriced(book, 'claude-2.1', atMs)).toBe(false);
  });
});
