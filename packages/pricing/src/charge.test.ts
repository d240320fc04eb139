import { NO_USAGE, nanoFromPico, type TokenUsage } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinPriceBook as book, builtinPriceBookDocument } from './anthropic/price-book.ts';
import { type ChargeInput, charge } from './charge.ts';
import { parsePriceBook } from './parse-price-book.ts';

const atMs = Date.parse('2026-11-20T12:00:00Z');
const line: ChargeInput = {
  model: 'claude-opus-5-5',
  backend: 'anthropic',
  atMs,
  usage: NO_USAGE,
  serviceTier: 'standard',
  speed: 'standard',
  inferenceGeo: 'global',
  billed: true,
  unpricedModels: 'dearest',
};
const chargeOf = (changes: Partial<ChargeInput>, usage: Partial<TokenUsage> = {}) =>
  charge(book, { ...line, ...changes, usage: { ...NO_USAGE, ...usage } });

/** On Opus 5.5: 4,000 + 400 + 1,500 + 3,200 + 10,000 millions of pico-USD. */
const everyClass: Partial<TokenUsage> = {
  uncachedInputTokens: 1_000,
  cacheReadInputTokens: 2_000,
  cacheWrite5mInputTokens: 300,
  cacheWrite1hInputTokens: 400,
  outputTokens: 500,
};
const everyClassPicoUsd = 19_100_000_000n;

describe('a charge', () => {
  it('adds the five token classes, each at its own rate', () => {
    expect(chargeOf({}, everyClass)).toEqual({
      listCostPicoUsd: everyClassPicoUsd,
      listCostNanoUsd: 19_100_000n,
      contractedCostNanoUsd: 19_100_000n,
      roundingPicoUsd: 0,
      webSearchCostNanoUsd: 0n,
      contractId: null,
      priceId: 'claude-opus-5-5@2026-09-22',
      promptBand: 'standard',
      flags: [],
    });
  });

  it.each<[keyof TokenUsage, bigint]>([
    ['uncachedInputTokens', 4_000_000n],
    ['cacheReadInputTokens', 200_000n],
    ['cacheWrite5mInputTokens', 5_000_000n],
    ['cacheWrite1hInputTokens', 8_000_000n],
    ['cacheWriteUnsplitInputTokens', 5_000_000n],
    ['outputTokens', 20_000_000n],
    ['thinkingTokens', 0n],
    ['webFetchRequests', 0n],
    ['webSearchRequests', 10_000_000_000n],
  ])('bills one of %s on Opus 5.5 at %s pico-USD', (counted, costPicoUsd) => {
    expect(chargeOf({}, { [counted]: 1 }).listCostPicoUsd).toBe(costPicoUsd);
  });

  it('says so when it takes an unsplit cache write for a 5-minute one', () => {
    expect(chargeOf({}, { cacheWriteUnsplitInputTokens: 1 }).flags).toEqual(['assumed_ttl']);
  });

  it.each<[string, Partial<ChargeInput>, bigint]>([
    ['a batch is half price', { serviceTier: 'batch' }, 9_550_000_000n],
    ['a US pin adds a tenth', { inferenceGeo: 'us' }, 21_010_000_000n],
    ['a US batch multiplies both', { serviceTier: 'batch', inferenceGeo: 'us' }, 10_505_000_000n],
    ['fast mode doubles this model', { speed: 'fast' }, 38_200_000_000n],
    ['fast mode and the US pin multiply', { speed: 'fast', inferenceGeo: 'us' }, 42_020_000_000n],
    ['fast mode has no batch discount', { speed: 'fast', serviceTier: 'batch' }, 38_200_000_000n],
    [
      'nothing reported is the base price',
      { speed: null, serviceTier: null, inferenceGeo: null },
      everyClassPicoUsd,
    ],
    [
      'a geography that is not available is the base price',
      { inferenceGeo: 'not_available' },
      everyClassPicoUsd,
    ],
  ])('%s', (_rule, changes, costPicoUsd) => {
    const { listCostPicoUsd, flags } = chargeOf(changes, everyClass);
    expect(listCostPicoUsd).toBe(costPicoUsd);
    expect(flags).toEqual([]);
  });

  it('prices fast mode by its own row', () => {
    expect(chargeOf({ speed: 'fast' }, everyClass).priceId).toBe('claude-opus-5-5@2026-09-22/fast');
  });

  it('knows no US surcharge on models that take no such pin', () => {
    const pinned = chargeOf({ model: 'claude-haiku-4-5', inferenceGeo: 'us' }, { outputTokens: 1 });
    expect(pinned.listCostPicoUsd).toBe(5_000_000n);
  });

  it.each<[string, Partial<ChargeInput>, string, bigint]>([
    [
      'a geography nobody has priced costs as the pinned one',
      { inferenceGeo: 'eu' },
      'unknown_geography',
      22_000_000n,
    ],
    ['priority capacity is shown at list', { serviceTier: 'priority' }, 'priority_tier', 20_000_000n],
    [
      'a tier nobody has priced is shown at list',
      { serviceTier: 'flex' },
      'unknown_service_tier',
      20_000_000n,
    ],
  ])('%s, and says so', (_rule, changes, flag, costPicoUsd) => {
    const { listCostPicoUsd, flags } = chargeOf(changes, { outputTokens: 1 });
    expect(listCostPicoUsd).toBe(costPicoUsd);
    expect(flags).toEqual([flag]);
  });

  it('adds web searches per search, untouched by batch, fast mode or place', () => {
    const searches = { webSearchRequests: 3 };
    for (const changes of [{}, { serviceTier: 'batch' }, { speed: 'fast' }, { inferenceGeo: 'us' }]) {
      const found = chargeOf(changes, searches);
      expect(found.listCostPicoUsd).toBe(30_000_000_000n);
      expect(found.webSearchCostNanoUsd).toBe(30_000_000n);
    }
  });

  it('names the searches as a part of the cost, not as an addition to it', () => {
    const both = chargeOf({}, { ...everyClass, webSearchRequests: 1 });
    expect(both.listCostNanoUsd).toBe(29_100_000n);
    expect(both.webSearchCostNanoUsd).toBe(10_000_000n);
  });

  it('is zero for a line that is not billed, which keeps its price id and its flags', () => {
    const free = chargeOf(
      { billed: false },
      { ...everyClass, webSearchRequests: 2, cacheWriteUnsplitInputTokens: 1 },
    );
    expect(free).toEqual({
      contractId: null,
      listCostPicoUsd: 0n,
      listCostNanoUsd: 0n,
      contractedCostNanoUsd: 0n,
      roundingPicoUsd: 0,
      webSearchCostNanoUsd: 0n,
      priceId: 'claude-opus-5-5@2026-09-22',
      promptBand: 'standard',
      flags: ['assumed_ttl'],
    });
  });
});

describe('an instant that is none', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e20])(
    'is refused instead of making the line free: %d',
    (none) => {
      expect(() => chargeOf({ atMs: none }, everyClass)).toThrow(/is not an instant that can be priced/);
      expect(() => chargeOf({ atMs: none, model: 'claude-next-6' })).toThrow(
        /is not an instant that can be priced/,
      );
    },
  );
});

describe('rounding', () => {
  // The one rate in the book that is not whole in nano: a Haiku 5.5 cache read in a US batch, 5,500 pico-USD.
  const halves = { model: 'claude-haiku-5-5', serviceTier: 'batch', inferenceGeo: 'us' };

  it.each([
    [1, 5_500n, 6n, -500],
    [2, 11_000n, 11n, 0],
    [3, 16_500n, 16n, 500],
    [5, 27_500n, 28n, -500],
  ])(
    'of %i such reads goes half to even, with the rest kept',
    (cacheReadInputTokens, exact, rounded, rest) => {
      const { listCostPicoUsd, listCostNanoUsd, roundingPicoUsd } = chargeOf(halves, {
        cacheReadInputTokens,
      });
      expect([listCostPicoUsd, listCostNanoUsd, roundingPicoUsd]).toEqual([exact, rounded, rest]);
    },
  );

  it('happens once per line, not once per class', () => {
    const line = chargeOf(halves, { cacheReadInputTokens: 1, uncachedInputTokens: 1 });
    expect(line.listCostPicoUsd).toBe(5_500n + 55_000n);
    expect(line.listCostNanoUsd).toBe(60n);
  });

  it('never loses or invents a pico: rounded cost and rest add up to the exact cost', () => {
    const count = fc.integer({ min: 0, max: 2_000_000 });
    fc.assert(
      fc.property(
        fc.record({ uncachedInputTokens: count, cacheReadInputTokens: count, outputTokens: count }),
        fc.constantFrom(...book.prices),
        fc.constantFrom('batch', 'standard'),
        fc.constantFrom('us', 'global'),
        (usage, price, serviceTier, inferenceGeo) => {
          const made = chargeOf({ model: price.model, speed: price.speed, serviceTier, inferenceGeo }, usage);
          expect(made.listCostNanoUsd * 1_000n + BigInt(made.roundingPicoUsd)).toBe(made.listCostPicoUsd);
          expect(Math.abs(made.roundingPicoUsd)).toBeLessThanOrEqual(500);
          expect(made.listCostNanoUsd).toBe(nanoFromPico(made.listCostPicoUsd));
        },
      ),
      { seed: 20261121, numRuns: 500 },
    );
  });
});

describe('the prompt band', () => {
  const haiku = { model: 'claude-haiku-5-5' };
  const atThreshold = {
    uncachedInputTokens: 60_000,
    cacheReadInputTokens: 30_000,
    cacheWrite5mInputTokens: 10_000,
  };

  it('is the standard one up to and including the threshold, over all input classes together', () => {
    const made = chargeOf(haiku, { ...atThreshold, outputTokens: 1_000 });
    expect(made.promptBand).toBe('standard');
    expect(made.listCostPicoUsd).toBe(6_000_000_000n + 300_000_000n + 1_250_000_000n + 500_000_000n);
  });

  it.each<keyof TokenUsage>([
    'uncachedInputTokens',
    'cacheReadInputTokens',
    'cacheWrite1hInputTokens',
    'cacheWriteUnsplitInputTokens',
  ])('re-prices every token, output included, with one more of %s', (counted) => {
    const usage = { ...NO_USAGE, ...atThreshold, outputTokens: 1_000 };
    const made = chargeOf(haiku, { ...usage, [counted]: Number(usage[counted]) + 1 });
    expect(made.promptBand).toBe('long');
    expect(made.priceId).toBe('claude-haiku-5-5@2026-10-07/long');
    expect(made.listCostPicoUsd).toBeGreaterThan(5n * 8_050_000_000n);
  });

  it('does not count output', () => {
    expect(chargeOf(haiku, { ...atThreshold, outputTokens: 128_000 }).promptBand).toBe('standard');
  });

  it('halves and surcharges the long rates too', () => {
    const made = chargeOf(
      { ...haiku, serviceTier: 'batch', inferenceGeo: 'us' },
      { uncachedInputTokens: 100_001 },
    );
    expect(made.listCostPicoUsd).toBe(100_001n * 275_000n);
  });

  it('is left out where fast mode is flat over the whole window', () => {
    const prompt = { uncachedInputTokens: 200_001 };
    const on = (day: string, speed: string) =>
      chargeOf({ model: 'claude-opus-4-6', speed, atMs: Date.parse(`${day}T12:00:00Z`) }, prompt).promptBand;
    expect(on('2026-02-10', 'fast')).toBe('long');
    expect(on('2026-03-01', 'fast')).toBe('standard');
    expect(on('2026-03-01', 'standard')).toBe('long');
    expect(on('2026-03-13', 'standard')).toBe('standard');
  });
});

describe('partner clouds', () => {
  const output = { outputTokens: 1 };
  const opus = 'anthropic.claude-opus-5-5';

  it.each<[string, Partial<ChargeInput>, bigint, string[]]>([
    [
      'a global Bedrock profile',
      { backend: 'bedrock', model: `global.${opus}`, inferenceGeo: null },
      20_000_000n,
      [],
    ],
    [
      'a regional Bedrock profile',
      { backend: 'bedrock', model: `eu.${opus}`, inferenceGeo: null },
      22_000_000n,
      [],
    ],
    [
      'a bare Bedrock id',
      { backend: 'bedrock', model: opus, inferenceGeo: null },
      22_000_000n,
      ['assumed_regional'],
    ],
    ['the global endpoint of Google Cloud', { backend: 'vertex', inferenceGeo: 'global' }, 20_000_000n, []],
    ['a region of Google Cloud', { backend: 'vertex', inferenceGeo: 'us-east5' }, 22_000_000n, []],
    [
      'an unknown place in Google Cloud',
      { backend: 'vertex', inferenceGeo: 'not_available' },
      22_000_000n,
      ['assumed_regional'],
    ],
    ['Foundry without a data zone', { backend: 'foundry', inferenceGeo: null }, 20_000_000n, []],
    ['the US data zone of Foundry', { backend: 'foundry', inferenceGeo: 'us' }, 22_000_000n, []],
  ])('price %s', (_place, changes, costPicoUsd, flags) => {
    const made = chargeOf(changes, output);
    expect(made.listCostPicoUsd).toBe(costPicoUsd);
    expect(made.flags).toEqual(flags);
  });

  it('charge a region a tenth more from the 4.5 generation on, and nothing before', () => {
    const on = (model: string) =>
      chargeOf({ model, backend: 'vertex', inferenceGeo: 'europe-west1' }, output);
    expect(on('claude-sonnet-4-5@20250929').listCostPicoUsd).toBe(16_500_000n);
    expect(on('claude-opus-4-1@20250805').listCostPicoUsd).toBe(75_000_000n);
    expect(
      chargeOf({ model: 'claude-opus-4-1', backend: 'vertex', inferenceGeo: null }, output).flags,
    ).toEqual([]);
  });
});

describe('a model without a price', () => {
  const unknown = { model: 'claude-next-6', inferenceGeo: null };

  it('costs the dearest rate of the day in every class, and says so', () => {
    // On that day Mythos Preview is the dearest in all of them at standard speed: 25 / 2.50 / 31.25 / 50 / 125.
    const made = chargeOf(unknown, everyClass);
    expect(made.flags).toEqual(['unpriced']);
    expect(made.priceId).toBe('dearest@2026-11-20');
    expect(made.listCostPicoUsd).toBe(
      25_000_000_000n + 5_000_000_000n + 9_375_000_000n + 20_000_000_000n + 62_500_000_000n,
    );
  });

  it('never costs less than any model the book knows, in any combination', () => {
    const count = fc.integer({ min: 0, max: 500_000 });
    const usages = fc.record({
      uncachedInputTokens: count,
      cacheReadInputTokens: count,
      cacheWrite5mInputTokens: count,
      cacheWrite1hInputTokens: count,
      outputTokens: count,
    });
    const known = book.prices.filter((price) => price.startMs <= atMs && atMs < price.endMs);
    fc.assert(
      fc.property(
        usages,
        fc.constantFrom(...known),
        fc.constantFrom('batch', null),
        fc.constantFrom('us', null),
        fc.constantFrom('anthropic', 'bedrock', 'vertex', 'foundry'),
        (usage, price, serviceTier, inferenceGeo, backend) => {
          const context = { speed: price.speed, serviceTier, inferenceGeo, backend } as const;
          const ours = chargeOf({ ...context, model: price.model }, usage).listCostPicoUsd;
          expect(
            chargeOf({ ...context, model: 'claude-next-6' }, usage).listCostPicoUsd,
          ).toBeGreaterThanOrEqual(ours);
        },
      ),
      { seed: 20261121, numRuns: 500 },
    );
  });

  it('costs like the model that the policy names', () => {
    const made = chargeOf({ ...unknown, unpricedModels: { like: 'claude-sonnet-5-5' } }, everyClass);
    expect(made.priceId).toBe('claude-sonnet-5-5@2026-10-07');
    expect(made.listCostPicoUsd).toBe(
      2_000_000_000n + 200_000_000n + 750_000_000n + 1_600_000_000n + 5_000_000_000n,
    );
    expect(made.flags).toEqual(['unpriced']);
  });

  it.each<[string, ChargeInput['unpricedModels']]>([
    ['names another unknown model', { like: 'claude-next-7' }],
    ['denies, because the money is spent already', 'deny'],
  ])('costs the dearest rates when the policy %s', (_case, unpricedModels) => {
    expect(chargeOf({ ...unknown, unpricedModels }, everyClass)).toEqual(chargeOf(unknown, everyClass));
  });

  it.each<[string, Partial<ChargeInput>]>([
    ['on a day after its retirement', { model: 'claude-3-opus-20240229' }],
    [
      'on a day before its release',
      { model: 'claude-fable-5-2', atMs: Date.parse('2026-11-08T23:59:59.999Z') },
    ],
    ['at a speed it never had', { model: 'claude-sonnet-5-5', speed: 'fast' }],
    ['at a speed nobody has heard of', { speed: 'ludicrous' }],
  ])('is also a known one %s', (_case, changes) => {
    const made = chargeOf(changes, { outputTokens: 1 });
    expect(made.flags).toEqual(['unpriced']);
    expect(made.listCostNanoUsd).toBeGreaterThan(0n);
  });

  it('is dearest by all rows when its speed is not the standard one', () => {
    const at = (speed: string) =>
      chargeOf({ ...unknown, speed, atMs: Date.parse('2026-06-01T12:00:00Z') }, { outputTokens: 1 });
    expect(at('standard').listCostPicoUsd).toBe(125_000_000n);
    expect(at('fast').listCostPicoUsd).toBe(150_000_000n);
  });

  it('is dearest by every row there is when none is in effect on that day', () => {
    const future = builtinPriceBookDocument.prices.filter(
      (price) => price.priceId === 'claude-fable-5-2@2026-11-09',
    );
    const early = charge(parsePriceBook({ ...builtinPriceBookDocument, prices: future }), {
      ...line,
      atMs: Date.parse('2020-01-01'),
      usage: { ...NO_USAGE, outputTokens: 1 },
    });
    expect(early).toMatchObject({
      listCostPicoUsd: 40_000_000n,
      flags: ['unpriced'],
      priceId: 'dearest@2020-01-01',
    });
  });

  it('is not confused with a known one whose price nobody is sure of, which is flagged otherwise', () => {
    expect(chargeOf({ model: 'claude-mythos-preview' }, { outputTokens: 1 })).toMatchObject({
      listCostPicoUsd: 125_000_000n,
      flags: ['low_confidence_price'],
    });
  });
});
