import { TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { builtinPriceBookDocument } from './anthropic/price-book.ts';
import { charge } from './charge.ts';
import { parsePriceBook } from './parse-price-book.ts';
import type { PriceBookDocument } from './price-document.ts';

type PriceRow = PriceBookDocument['prices'][number];

const base: PriceBookDocument = {
  version: 1,
  asOf: '2026-11-20',
  bedrockProfiles: { global: ['global'], regional: ['us'] },
  models: [
    {
      model: 'model-a',
      aliases: ['a'],
      platformIds: { bedrock: ['vendor.model-a'] },
      contextWindowTokens: 1000,
      maxOutputTokens: 100,
      batchMaxOutputTokens: 100,
      usPercent: 110,
      regionalPercent: 110,
    },
  ],
  prices: [row({})],
  webSearchFees: [fee({})],
};

function row(changes: Partial<PriceRow>): PriceRow {
  return {
    priceId: 'model-a@2026-01-01',
    model: 'model-a',
    effectiveFrom: '2026-01-01',
    effectiveTo: null,
    usdPerMtok: { input: '1', cacheRead: '0.10', cacheWrite5m: '1.25', cacheWrite1h: '2', output: '5' },
    confidence: 'high',
    source: 'a contract',
    ...changes,
  };
}

function fee(changes: Partial<PriceBookDocument['webSearchFees'][number]>) {
  const always = { feeId: 'search@launch', effectiveFrom: null, effectiveTo: null, usdPerThousand: '10' };
  return { ...always, confidence: 'high', source: 'a contract', ...changes } as const;
}

const withRates = (changes: Partial<PriceRow['usdPerMtok']>) => [
  row({ usdPerMtok: { ...row({}).usdPerMtok, ...changes } }),
];

function refusalOf(document: unknown): TallygateError {
  try {
    parsePriceBook(document);
  } catch (error) {
    if (TallygateError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('The book was accepted.');
}

describe('parsing a price book', () => {
  it('reads decimal USD per million tokens as whole pico-USD per token', () => {
    const [price] = parsePriceBook({ ...base, prices: withRates({ input: '0.125', output: '150' }) }).prices;
    expect(price?.rates.uncachedInputPicoUsd).toBe(125_000n);
    expect(price?.rates.outputPicoUsd).toBe(150_000_000n);
    expect(price?.rates.cacheReadPicoUsd).toBe(100_000n);
  });

  it('survives the wire: the built-in book parsed from JSON text is the built-in book', () => {
    const again = parsePriceBook(JSON.parse(JSON.stringify(builtinPriceBookDocument)));
    expect(again).toEqual(parsePriceBook(builtinPriceBookDocument));
  });

  it('knows a model by every exact name, and where a Bedrock profile sends the call', () => {
    const names = parsePriceBook(base).modelsByName;
    expect([...names.keys()]).toEqual([
      'model-a',
      'a',
      'vendor.model-a',
      'global.vendor.model-a',
      'us.vendor.model-a',
    ]);
    expect([...names.values()].map((named) => named.location)).toEqual([
      null,
      null,
      null,
      'global',
      'regional',
    ]);
  });

  it.each<[string, Partial<PriceBookDocument> | { prices: unknown }, string]>([
    [
      'a rate that is no decimal',
      { prices: withRates({ input: '1e-3' }) },
      'row "model-a@2026-01-01" usdPerMtok.input',
    ],
    [
      'a rate finer than a pico',
      { prices: withRates({ output: '0.0000001' }) },
      'row "model-a@2026-01-01" usdPerMtok.output',
    ],
    ['a negative rate', { prices: withRates({ output: '-5' }) }, 'usdPerMtok.output'],
    [
      'a rate of zero',
      { prices: withRates({ cacheRead: '0' }) },
      'usdPerMtok.cacheRead: must be more than 0',
    ],
    ['a rate as a number', { prices: [{ ...row({}), usdPerMtok: { input: 1 } }] }, 'usdPerMtok.input'],
    ['a misspelt field', { prices: [{ ...row({}), efectiveTo: null }] }, 'row "model-a@2026-01-01"'],
    [
      'a row without an id',
      { prices: [{ ...row({}), priceId: undefined, model: undefined }] },
      'prices[0] priceId',
    ],
    ['a day that does not exist', { prices: [row({ effectiveFrom: '2026-02-30' })] }, 'effectiveFrom'],
    [
      'a row that ends before it starts',
      { prices: [row({ effectiveTo: '2026-01-01' })] },
      'is not after its start',
    ],
    [
      'a row of an unknown model',
      { prices: [row({ model: 'model-b' })] },
      '"model-b" is not among the models',
    ],
    [
      'a rate that half price splits',
      { prices: withRates({ input: '0.000001' }) },
      'uncachedInputPicoUsd 1 is not a whole number',
    ],
    [
      'two rows with one id',
      { prices: [row({ effectiveTo: '2026-02-01' }), row({ effectiveFrom: '2026-02-01' })] },
      'another row has the same id',
    ],
    [
      'two rows in effect at once',
      {
        prices: [row({ effectiveTo: '2026-03-01' }), row({ priceId: 'later', effectiveFrom: '2026-02-28' })],
      },
      'row "later": it starts before "model-a@2026-01-01" ends',
    ],
    ['no prices at all', { prices: [] }, 'prices'],
    [
      'a fee that begins too late',
      { webSearchFees: [fee({ effectiveFrom: '2026-01-01' })] },
      'row "search@launch"',
    ],
    ['a fee that ends', { webSearchFees: [fee({ effectiveTo: '2026-01-01' })] }, 'must have no end'],
    [
      'a name that stands for two models',
      {
        models: base.models.flatMap((model) => [
          model,
          { ...model, model: 'model-b', aliases: ['a'], platformIds: {} },
        ]),
      },
      'the name "a" stands for both "model-a" and "model-b"',
    ],
  ])('refuses %s, naming the row', (_what, changes, fault) => {
    const refusal = refusalOf({ ...base, ...changes });
    expect(refusal.code).toBe('TALLYGATE_CONFIGURATION_INVALID');
    expect(refusal.message).toContain(fault);
  });

  it.each([null, undefined, 'prices', 7, [], {}])('refuses %j, which is no book', (value) => {
    expect(refusalOf(value).code).toBe('TALLYGATE_CONFIGURATION_INVALID');
  });

  it('refuses the form of a newer release with the cure, whatever else is in it', () => {
    const refusal = refusalOf({ version: 2, tariffs: [] });
    expect(refusal.code).toBe('TALLYGATE_VERSION_UNSUPPORTED');
    expect(refusal.message).toContain('version 2');
  });

  it('accepts a gap between two rows, and the later row before the earlier one', () => {
    const rows = [row({ priceId: 'later', effectiveFrom: '2026-03-01' }), row({ effectiveTo: '2026-02-01' })];
    expect(parsePriceBook({ ...base, prices: rows }).prices.map((price) => price.priceId)).toEqual([
      'model-a@2026-01-01',
      'later',
    ]);
  });

  it('charges a new model as soon as a book with its price is published', () => {
    const published = parsePriceBook({
      ...builtinPriceBookDocument,
      models: [...builtinPriceBookDocument.models, ...base.models],
      prices: [...builtinPriceBookDocument.prices, row({})],
    });
    const line = charge(published, {
      model: 'a',
      backend: 'anthropic',
      atMs: Date.parse('2026-11-20T12:00:00Z'),
      usage: {
        uncachedInputTokens: 1_000_000,
        cacheReadInputTokens: 0,
        cacheWrite5mInputTokens: 0,
        cacheWrite1hInputTokens: 0,
        cacheWriteUnsplitInputTokens: 0,
        outputTokens: 0,
        thinkingTokens: null,
        webSearchRequests: 0,
        webFetchRequests: 0,
      },
      serviceTier: null,
      speed: null,
      inferenceGeo: null,
      billed: true,
      unpricedModels: 'deny',
    });
    expect(line).toMatchObject({ listCostNanoUsd: 1_000_000_000n, priceId: 'model-a@2026-01-01', flags: [] });
  });
});
