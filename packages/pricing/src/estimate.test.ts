import { NO_USAGE, TallygateError, type TokenUsage } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinPriceBook as book, builtinPriceBookDocument } from './anthropic/price-book.ts';
import { charge } from './charge.ts';
import { parseContractPrices, withContractPrices } from './contract-prices.ts';
import { type EstimateInput, estimate } from './estimate.ts';
import { modelLimits } from './find-price.ts';
import { parsePriceBook } from './parse-price-book.ts';
import type { PriceBook } from './price-book.ts';

const request: EstimateInput = {
  model: 'claude-opus-5-5',
  backend: 'anthropic',
  atMs: Date.parse('2026-11-20T12:00:00Z'),
  promptTokens: 10_000,
  cacheWriteTtl: null,
  maxOutputTokens: 1_000,
  expectedShareMillionths: 250_000,
  speed: null,
  inferenceGeo: 'global',
  batch: false,
  webSearchMaxUses: 0,
  iterations: 1,
  unpricedModels: 'dearest',
};
const estimateOf = (changes: Partial<EstimateInput>) => estimate(book, { ...request, ...changes });
const worstOf = (changes: Partial<EstimateInput>) => estimateOf(changes).worstNanoUsd;

describe('an estimate', () => {
  it('expects the share of its worst case that such calls usually cost, and fears all of max_tokens', () => {
    expect(estimateOf({})).toEqual({
      expectedNanoUsd: 15_000_000n,
      worstNanoUsd: 60_000_000n,
      tokens: { expected: 10_250n, worst: 11_000n },
      priceId: 'claude-opus-5-5@2026-09-22',
      flags: [],
    });
  });

  it('expects its worst case while nothing is known', () => {
    expect(estimateOf({ expectedShareMillionths: null }).expectedNanoUsd).toBe(60_000_000n);
  });

  it('never expects a call for free that costs something', () => {
    expect(estimateOf({ promptTokens: 1, maxOutputTokens: 0, expectedShareMillionths: 1 })).toMatchObject({
      expectedNanoUsd: 1n,
      worstNanoUsd: 4_000n,
    });
  });

  it.each<[string, Partial<EstimateInput>, bigint]>([
    ['the dearest write of a 5-minute cache', { cacheWriteTtl: '5m' }, 70_000_000n],
    ['the dearest write of a 1-hour cache', { cacheWriteTtl: '1h' }, 100_000_000n],
    ['the fast price where it was asked for', { speed: 'fast' }, 120_000_000n],
    ['the US surcharge where it was asked for', { inferenceGeo: 'us' }, 66_000_000n],
    ['the US surcharge that a workspace may add unseen', { inferenceGeo: null }, 66_000_000n],
    ['every pass of a server-tool loop', { iterations: 3 }, 180_000_000n],
    ['every search that is allowed, at full fee', { webSearchMaxUses: 5, batch: true }, 80_000_000n],
    ['half of it in a batch', { batch: true }, 30_000_000n],
    ['no more output than the model can write', { maxOutputTokens: 500_000 }, 2_600_000_000n],
    ['the longer output that a batch allows', { maxOutputTokens: 500_000, batch: true }, 3_020_000_000n],
    [
      'everything at once',
      { cacheWriteTtl: '1h', speed: 'fast', inferenceGeo: 'us', iterations: 2, webSearchMaxUses: 1 },
      450_000_000n,
    ],
  ])('fears %s', (_fear, changes, worst) => {
    expect(worstOf(changes)).toBe(worst);
  });

  it('does not fear a US pin on a model that takes none', () => {
    expect(worstOf({ model: 'claude-haiku-4-5', inferenceGeo: null })).toBe(15_000_000n);
  });

  it('fears the long band as soon as the passes together can reach it, and expects it when one pass does', () => {
    const haiku = { model: 'claude-haiku-5-5', maxOutputTokens: 1_000 };
    expect(worstOf({ ...haiku, promptTokens: 100_000 })).toBe(10_500_000n);
    expect(worstOf({ ...haiku, promptTokens: 100_001 })).toBe(50_000_500n + 2_500_000n);
    expect(worstOf({ ...haiku, promptTokens: 50_001, iterations: 2 })).toBe(2n * (25_000_500n + 2_500_000n));
    expect(estimateOf({ ...haiku, promptTokens: 50_001, iterations: 2 }).priceId).toBe(
      'claude-haiku-5-5@2026-10-07',
    );
    expect(estimateOf({ ...haiku, promptTokens: 100_001 }).priceId).toBe('claude-haiku-5-5@2026-10-07/long');
  });

  it('fears every tariff the answer may come back under, whichever is dearer in the published book', () => {
    const rates = (usd: string) => ({
      input: usd,
      cacheRead: usd,
      cacheWrite5m: usd,
      cacheWrite1h: usd,
      output: usd,
    });
    const row = {
      model: 'm',
      effectiveFrom: null,
      effectiveTo: null,
      confidence: 'high',
      source: 'a contract',
    } as const;
    const upsideDown = parsePriceBook({
      ...builtinPriceBookDocument,
      models: [
        {
          model: 'm',
          contextWindowTokens: 1_000_000,
          maxOutputTokens: 1_000,
          batchMaxOutputTokens: 1_000,
          usPercent: 100,
          regionalPercent: 100,
        },
      ],
      prices: [
        { ...row, priceId: 'm', usdPerMtok: rates('3') },
        { ...row, priceId: 'm/long', promptTokensAbove: 5_000, usdPerMtok: rates('2') },
        { ...row, priceId: 'm/fast', speed: 'fast', usdPerMtok: rates('1') },
      ],
    });
    const short = { ...request, model: 'm', maxOutputTokens: 0, expectedShareMillionths: null };
    const asLong = estimate(upsideDown, short);
    expect(asLong).toMatchObject({
      worstNanoUsd: 30_000_000n,
      priceId: 'm/long',
    });
    const asFast = estimate(upsideDown, { ...short, speed: 'fast' });
    expect(asFast).toMatchObject({
      worstNanoUsd: 30_000_000n,
      priceId: 'm/fast',
    });
  });

  it('reads the place from a Bedrock profile, and takes an unknown one for regional', () => {
    const on = (model: string) => estimateOf({ model, backend: 'bedrock', inferenceGeo: null });
    expect(on('global.anthropic.claude-opus-5-5').worstNanoUsd).toBe(60_000_000n);
    expect(on('us.anthropic.claude-opus-5-5')).toMatchObject({ worstNanoUsd: 66_000_000n, flags: [] });
    expect(on('anthropic.claude-opus-5-5')).toMatchObject({
      worstNanoUsd: 66_000_000n,
      flags: ['assumed_regional'],
    });
  });

  it('of a request that reads and writes nothing is zero', () => {
    expect(estimateOf({ promptTokens: 0, maxOutputTokens: 0 })).toMatchObject({
      expectedNanoUsd: 0n,
      worstNanoUsd: 0n,
    });
  });
});

describe('an estimate of a model without a price', () => {
  const unknown = { model: 'claude-next-6' };

  it('takes the dearest rates of the day and leaves max_tokens as it is', () => {
    expect(estimateOf({ ...unknown, maxOutputTokens: 1_000_000 })).toMatchObject({
      worstNanoUsd: 10_000n * 25_000n + 1_000_000n * 125_000n,
      priceId: 'dearest@2026-11-20',
      flags: ['unpriced'],
    });
  });

  it('takes the rates of the model that the policy names', () => {
    const like = { unpricedModels: { like: 'claude-opus-5-5' } };
    expect(estimateOf({ ...unknown, ...like })).toMatchObject({
      worstNanoUsd: 60_000_000n,
      flags: ['unpriced'],
    });
  });

  it.each<[string, Partial<EstimateInput>, string]>([
    ['an unknown model', unknown, 'model "claude-next-6" at speed "standard" on 2026-11-20'],
    ['a retired model', { model: 'claude-opus-4-1' }, 'model "claude-opus-4-1" at speed "standard"'],
    ['a speed that has no price', { model: 'claude-sonnet-5-5', speed: 'fast' }, 'at speed "fast"'],
  ])('refuses %s under the policy "deny", before anything is spent', (_case, changes, fault) => {
    try {
      estimateOf({ ...changes, unpricedModels: 'deny' });
      expect.unreachable('the estimate was made');
    } catch (error) {
      if (!TallygateError.isInstance(error)) throw error;
      expect(error.code).toBe('TALLYGATE_MODEL_UNPRICED');
      expect(error.message).toContain(fault);
    }
  });
});

describe('counts that cannot be priced', () => {
  it.each<Partial<EstimateInput>>([
    { promptTokens: -1 },
    { promptTokens: 0.5 },
    { maxOutputTokens: Number.NaN },
    { expectedShareMillionths: 1_000_001 },
    { webSearchMaxUses: 2 ** 53 },
    { iterations: 0 },
  ])('are refused by name: %j', (changes) => {
    const [name = ''] = Object.keys(changes);
    expect(() => estimateOf(changes)).toThrow(new RegExp(`^${name} of an estimate`));
  });
});

describe('the worst case', () => {
  const names = [...book.modelsByName.keys(), 'claude-next-6'];
  const requests: fc.Arbitrary<EstimateInput> = fc.record({
    model: fc.oneof(
      fc.constantFrom('claude-haiku-5-5', 'claude-opus-4-6', 'claude-opus-5-5'),
      fc.constantFrom(...names),
    ),
    backend: fc.constantFrom('anthropic', 'bedrock', 'vertex', 'foundry'),
    atMs: fc.integer({ min: Date.parse('2025-06-01'), max: Date.parse('2027-01-01') }),
    promptTokens: fc.oneof(fc.integer({ min: 0, max: 300_000 }), fc.integer({ min: 99_990, max: 100_010 })),
    cacheWriteTtl: fc.constantFrom(null, '5m', '1h'),
    maxOutputTokens: fc.integer({ min: 0, max: 400_000 }),
    expectedShareMillionths: fc.option(fc.integer({ min: 0, max: 1_000_000 })),
    speed: fc.constantFrom(null, 'standard', 'fast'),
    inferenceGeo: fc.constantFrom(null, 'global', 'us'),
    batch: fc.boolean(),
    webSearchMaxUses: fc.integer({ min: 0, max: 10 }),
    iterations: fc.integer({ min: 1, max: 4 }),
    unpricedModels: fc.constantFrom<EstimateInput['unpricedModels']>('dearest', {
      like: 'claude-sonnet-5-5',
    }),
  });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const passes = fc.array(
    fc.record({ classes: fc.array(share, { minLength: 5, maxLength: 5 }), size: share, output: share }),
    {
      minLength: 4,
      maxLength: 4,
    },
  );
  const answers = fc.record({
    passes,
    reportedAs: fc.constantFrom('one line', 'a line per pass'),
    isFull: fc.boolean(),
    servedAtStandard: fc.boolean(),
    pinnedUnseen: fc.boolean(),
    searches: share,
  });
  type Answer = typeof answers extends fc.Arbitrary<infer Value> ? Value : never;

  /** Usage of one pass within the request's bounds: its prompt shared out over the classes that the request can cause. */
  function usageOf(input: EstimateInput, answer: Answer, pass: Answer['passes'][number]): TokenUsage {
    const prompt = answer.isFull ? input.promptTokens : Math.floor(input.promptTokens * pass.size);
    const ceiling = input.batch
      ? (book.modelsByName.get(input.model)?.priced.batchMaxOutputTokens ?? Number.POSITIVE_INFINITY)
      : (modelLimits(book, input.model)?.maxOutputTokens ?? Number.POSITIVE_INFINITY);
    const output = Math.min(input.maxOutputTokens, ceiling);
    const open = [
      true,
      true,
      input.cacheWriteTtl !== null,
      input.cacheWriteTtl === '1h',
      input.cacheWriteTtl !== null,
    ];
    let rest = prompt;
    const parts = pass.classes.map((part, index) => {
      const taken = open[index] ? Math.floor(rest * part) : 0;
      rest -= taken;
      return taken;
    });
    const [uncached = 0, read = 0, write5m = 0, write1h = 0, unsplit = 0] = parts;
    return {
      ...NO_USAGE,
      uncachedInputTokens: uncached + (input.cacheWriteTtl === '1h' ? 0 : rest),
      cacheReadInputTokens: read,
      cacheWrite5mInputTokens: write5m,
      cacheWrite1hInputTokens: write1h + (input.cacheWriteTtl === '1h' ? rest : 0),
      cacheWriteUnsplitInputTokens: unsplit,
      outputTokens: answer.isFull ? output : Math.floor(output * pass.output),
    };
  }

  function add(left: TokenUsage, right: TokenUsage): TokenUsage {
    const sum = { ...left };
    for (const name of Object.keys(NO_USAGE) as (keyof TokenUsage)[])
      if (name !== 'thinkingTokens') sum[name] = left[name] + right[name];
    return sum;
  }

  function chargedNanoUsd(priced: PriceBook, input: EstimateInput, answer: Answer): bigint {
    const perPass = answer.passes.slice(0, input.iterations).map((pass) => usageOf(input, answer, pass));
    const lines = answer.reportedAs === 'one line' ? [perPass.reduce(add, NO_USAGE)] : perPass;
    const webSearchRequests = Math.floor(input.webSearchMaxUses * answer.searches);
    const isProviders = input.backend === 'anthropic' || input.backend === 'foundry';
    return lines
      .map((usage, index) =>
        charge(priced, {
          ...input,
          usage: { ...usage, webSearchRequests: index === 0 ? webSearchRequests : 0 },
          serviceTier: input.batch ? 'batch' : 'standard',
          speed: answer.servedAtStandard ? 'standard' : input.speed,
          inferenceGeo:
            isProviders && input.inferenceGeo === null && answer.pinnedUnseen ? 'us' : input.inferenceGeo,
          billed: true,
        }),
      )
      .reduce((sum, line) => sum + line.contractedCostNanoUsd, 0n);
  }

  /** A discount that leaves fractions of a pico, one on a model, and agreed rates whose order of classes is not that of list. */
  const underContract = withContractPrices(
    book,
    parseContractPrices([
      { id: 'all', effectiveFrom: '2025-12-01', discountPercent: '7.3333', source: 'order form' },
      { id: 'opus', model: 'claude-opus-4-6', discountPercent: '20', source: 'order form' },
      {
        id: 'haiku',
        model: 'claude-haiku-5-5',
        effectiveTo: '2026-12-01',
        usdPerMtok: {
          input: '0.33',
          cacheRead: '0.5',
          cacheWrite5m: '0.000007',
          cacheWrite1h: '0.1',
          output: '0.11',
        },
        source: 'order form',
      },
    ]),
  );

  it.each([
    ['at list price', book],
    ['under a contract', underContract],
  ])(
    '%s is never below what any answer within its bounds is charged, however it is served and reported',
    (_terms, priced) => {
      let reached = 0;
      fc.assert(
        fc.property(requests, answers, (input, answer) => {
          const { worstNanoUsd, expectedNanoUsd } = estimate(priced, input);
          const charged = chargedNanoUsd(priced, input, answer);
          expect(charged).toBeLessThanOrEqual(worstNanoUsd);
          expect(expectedNanoUsd).toBeLessThanOrEqual(worstNanoUsd);
          if (charged === worstNanoUsd && charged > 0n) reached += 1;
        }),
        { seed: 20261121, numRuns: 4_000 },
      );
      // A bound that is never met would hold for any large number: some of these answers must cost exactly as feared.
      expect(reached).toBeGreaterThan(20);
    },
  );

  it.each([
    ['one line, where the rounded sum exceeds the sum of rounded passes', 18, 1, 1_238n],
    ['a line per pass, each rounded for itself', 6, 3, 412n],
  ])(
    'holds for rates that are not whole in nano, reported as %s',
    (_how, tokensPerLine, lines, lineNanoUsd) => {
      // A 5-minute write of Haiku 5.5 in a US batch is 68,750 pico-USD: six of them are 412.5 nano.
      const input: EstimateInput = {
        ...request,
        model: 'claude-haiku-5-5',
        promptTokens: 6,
        cacheWriteTtl: '5m',
        maxOutputTokens: 0,
        inferenceGeo: 'us',
        batch: true,
        iterations: 3,
      };
      const usage = { ...NO_USAGE, cacheWrite5mInputTokens: tokensPerLine };
      const line = charge(book, { ...input, usage, serviceTier: 'batch', billed: true });
      expect(line.contractedCostNanoUsd).toBe(lineNanoUsd);
      expect(BigInt(lines) * line.contractedCostNanoUsd).toBeLessThanOrEqual(
        estimate(book, input).worstNanoUsd,
      );
      expect(estimate(book, input).worstNanoUsd).toBe(3n * 413n);
    },
  );
});
