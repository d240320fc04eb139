import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everyTokenType, totalOf } from './book.ts';
import { type BilledUse, chargeFor } from './charge.ts';
import { findRates, TOKEN_TYPES, type TokenType } from './price-table.ts';

function use(
  model: string,
  tokens: Partial<Record<TokenType, number>>,
  rest: Partial<BilledUse> = {},
): BilledUse {
  const noonMs = Date.parse('2026-11-21T12:00:00Z');
  return {
    startedMs: noonMs,
    endedMs: noonMs,
    apiKeyId: 'apikey_a',
    workspaceId: null,
    model,
    speed: 'standard',
    inferenceGeo: 'global',
    tokens: { ...everyTokenType(0), ...tokens },
    webSearches: 0,
    ...rest,
  };
}

const million = 1_000_000;
const USD = 1_000_000_000_000n;
const oneOfEach = Object.fromEntries(TOKEN_TYPES.map((type) => [type, million])) as Record<TokenType, number>;

describe('a charge', () => {
  it.each([
    ['claude-fable-5-2', { output_tokens: million }, 40n * USD],
    ['claude-fable-5-1', { cache_read_input_tokens: million }, USD / 4n],
    ['claude-opus-5-5', { cache_read_input_tokens: million }, USD / 5n],
    ['claude-opus-5-5', { 'cache_creation.ephemeral_1h_input_tokens': million }, 8n * USD],
    ['claude-opus-5', { 'cache_creation.ephemeral_5m_input_tokens': million }, (625n * USD) / 100n],
    ['claude-sonnet-5-5', { cache_read_input_tokens: million }, USD / 10n],
    ['claude-sonnet-5', { cache_read_input_tokens: million }, USD / 5n],
    ['claude-haiku-4-5-20251001', { uncached_input_tokens: million }, USD],
  ] as const)('of a million tokens of %s %j is the listed price', (model, tokens, expected) => {
    expect(totalOf(chargeFor(use(model, tokens)))).toBe(expected);
  });

  it('re-prices every token of a Haiku 5.5 request from the first token above 100,000 on, output included', () => {
    const atLimit = chargeFor(
      use('claude-haiku-5-5', {
        uncached_input_tokens: 60_000,
        cache_read_input_tokens: 40_000,
        output_tokens: 10,
      }),
    );
    const above = chargeFor(
      use('claude-haiku-5-5', {
        uncached_input_tokens: 60_001,
        cache_read_input_tokens: 40_000,
        output_tokens: 10,
      }),
    );
    expect(atLimit.byTokenType.output_tokens).toBe(5_000_000n);
    expect(above.byTokenType.output_tokens).toBe(25_000_000n);
    expect(above.byTokenType.uncached_input_tokens).toBe(60_001n * 500_000n);
  });

  it('takes the price of the day on which the request was admitted, though it ended on another', () => {
    const beforeMs = Date.parse('2026-10-06T23:59:59.999Z');
    const afterMs = Date.parse('2026-10-07T00:00:00Z');
    const tokens = { cache_read_input_tokens: million };
    expect(
      totalOf(chargeFor(use('claude-sonnet-5-5', tokens, { startedMs: beforeMs, endedMs: afterMs }))),
    ).toBe(USD / 5n);
    expect(
      totalOf(chargeFor(use('claude-sonnet-5-5', tokens, { startedMs: afterMs, endedMs: afterMs }))),
    ).toBe(USD / 10n);
  });

  it('takes fast mode at its own price, caches too', () => {
    const fast = chargeFor(use('claude-opus-5-5', oneOfEach, { speed: 'fast' }));
    expect(totalOf(fast)).toBe(2n * totalOf(chargeFor(use('claude-opus-5-5', oneOfEach))));
  });

  it('adds one cent per web search, and no tenth to it in the US', () => {
    const charge = chargeFor(use('claude-opus-5-5', {}, { webSearches: 3, inferenceGeo: 'us' }));
    expect(charge.webSearchPicoUsd).toBe((3n * USD) / 100n);
  });

  it('is exactly a tenth more on every token class when pinned to the US', () => {
    const count = fc.nat({ max: 40_000 });
    const tokens = fc.record(
      Object.fromEntries(TOKEN_TYPES.map((type) => [type, count])) as Record<TokenType, typeof count>,
    );
    const models = fc.constantFrom(
      'claude-haiku-5-5',
      'claude-fable-5-1',
      'claude-opus-5-5',
      'claude-sonnet-4-6',
    );
    fc.assert(
      fc.property(models, tokens, (model, drawn) => {
        const global = totalOf(chargeFor(use(model, drawn)));
        expect(totalOf(chargeFor(use(model, drawn, { inferenceGeo: 'us' }))) * 10n).toBe(global * 11n);
      }),
      { seed: 20261121 },
    );
  });

  it('is never guessed: a model without a price that day stops the charge', () => {
    const early = { startedMs: Date.parse('2026-09-21T12:00:00Z') };
    expect(() => chargeFor(use('claude-opus-5-5', {}, early))).toThrow('no price for claude-opus-5-5');
  });
});

describe('the price table', () => {
  it('offers fast mode for Opus 4.8 up to and without the day of its removal', () => {
    const question = { model: 'claude-opus-4-8', speed: 'fast', promptTokens: 1 } as const;
    expect(findRates({ ...question, day: '2026-11-29' })).not.toBeNull();
    expect(findRates({ ...question, day: '2026-11-30' })).toBeNull();
  });
});
