import { NO_USAGE, TallygateError } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinPriceBook as book } from './anthropic/price-book.ts';
import { charge } from './charge.ts';
import { type EstimateInput, estimate } from './estimate.ts';
import type { ServerSideWork } from './worst-case.ts';

const NOTHING: ServerSideWork = { growthTokensPerPass: 0, compacts: false, advisors: [], fallbacks: [] };
/** $4 and $20 per million: 10,000 tokens read and 1,000 written are $0.06. */
const request: EstimateInput = {
  model: 'claude-opus-5-5',
  backend: 'anthropic',
  atMs: Date.parse('2026-11-20T12:00:00Z'),
  promptTokens: 10_000,
  cacheWriteTtl: null,
  maxOutputTokens: 1_000,
  speed: null,
  inferenceGeo: 'global',
  batch: false,
  webSearchMaxUses: 0,
  iterations: 1,
  unpricedModels: 'dearest',
  expectedShareMillionths: null,
};
const worstOf = (work: Partial<ServerSideWork>, changes: Partial<EstimateInput> = {}) =>
  estimate(book, { ...request, ...changes, serverSide: { ...NOTHING, ...work } }).worstNanoUsd;

const FABLE = {
  model: 'claude-fable-5-2',
  promptTokens: 10_000,
  maxOutputTokens: 1_000,
  speed: null,
};
const ADVISOR = {
  model: 'claude-fable-5-2',
  promptTokens: 10_000,
  cacheWriteTtl: null,
  uses: 2,
  maxOutputTokens: 500,
};

describe('the worst case of what the provider may do by itself', () => {
  it.each<[string, Partial<ServerSideWork>, Partial<EstimateInput>, bigint]>([
    ['nothing is the plain one', {}, {}, 60_000_000n],
    // 10,000 + 15,000 + 20,000 tokens, and 3,000 written.
    [
      'answers of tools: each pass reads those before it',
      { growthTokensPerPass: 5_000 },
      { iterations: 3 },
      240_000_000n,
    ],
    ['a compaction: each pass reads and writes once more', { compacts: true }, {}, 120_000_000n],
    // Two times 10,000 and the 1,000 that were written, at $8, and 500 written at $40.
    ['an advisor: at its own rates, with what was written', { advisors: [ADVISOR] }, {}, 276_000_000n],
    // 10,000 and the 1,000 of the model that declined at its end, at $8, and 1,000 at $40.
    ['a fallback: all of it again, at its own rates', { fallbacks: [FABLE] }, {}, 188_000_000n],
    [
      'a chain of fallbacks: each of them',
      { fallbacks: [FABLE, { ...FABLE, model: 'claude-opus-5-5' }] },
      {},
      252_000_000n,
    ],
    [
      'a fallback that may write more than was asked for',
      { fallbacks: [{ ...FABLE, maxOutputTokens: 2_000 }] },
      {},
      228_000_000n,
    ],
  ])('%s', (_what, work, changes, worst) => {
    expect(worstOf(work, changes)).toBe(worst);
  });

  it('grows no further than a model can read', () => {
    const grown = (growthTokensPerPass: number) =>
      worstOf({ growthTokensPerPass }, { iterations: 2, maxOutputTokens: 0 });
    expect(grown(990_000)).toBe(4_040_000_000n);
    expect(grown(5_000_000)).toBe(grown(990_000));
  });

  it('takes a fallback for fast only where its model has that', () => {
    const fast = { ...FABLE, speed: 'fast' };
    expect(worstOf({ fallbacks: [fast] })).toBe(60_000_000n + 2n * 128_000_000n);
    expect(
      worstOf({ fallbacks: [{ ...fast, model: 'claude-sonnet-5-5' }] }, { unpricedModels: 'deny' }),
    ).toBe(60_000_000n + 32_000_000n);
  });

  it('is refused where a model at work has no price and the policy denies that', () => {
    const unpriced = () =>
      worstOf({ advisors: [{ ...ADVISOR, model: 'claude-next-6' }] }, { unpricedModels: 'deny' });
    expect(unpriced).toThrow(TallygateError);
    expect(unpriced).toThrow('claude-next-6');
  });

  it.each<Partial<ServerSideWork>>([
    { growthTokensPerPass: -1 },
    { advisors: [{ ...ADVISOR, uses: 0.5 }] },
    { fallbacks: [{ ...FABLE, maxOutputTokens: Number.NaN }] },
  ])('is refused for a count that is none: %j', (work) => {
    expect(() => worstOf(work)).toThrow(/is not a whole number in range/);
  });
});

describe('an answer that used all that its request allows', () => {
  const models = ['claude-haiku-5-5', 'claude-opus-5-5', 'claude-sonnet-4-6', 'claude-fable-5-2'];
  const model = fc.constantFrom(...models);
  const count = (max: number) => fc.integer({ min: 0, max });
  const requests = fc.record({
    model,
    promptTokens: fc.oneof(count(120_000), fc.constantFrom(99_999, 100_000, 100_001)),
    maxOutputTokens: count(20_000),
    cacheWriteTtl: fc.constantFrom(null, '5m' as const, '1h' as const),
    inferenceGeo: fc.constantFrom(null, 'global', 'us'),
    batch: fc.boolean(),
    iterations: fc.integer({ min: 1, max: 4 }),
    webSearchMaxUses: count(3),
    expectedShareMillionths: fc.option(count(1_000_000)),
    serverSide: fc.record({
      growthTokensPerPass: count(30_000),
      compacts: fc.boolean(),
      advisors: fc.array(
        fc.record({
          model,
          promptTokens: count(120_000),
          cacheWriteTtl: fc.constant(null),
          uses: count(3),
          maxOutputTokens: count(5_000),
        }),
        { maxLength: 1 },
      ),
      fallbacks: fc.array(
        fc.record({
          model,
          promptTokens: count(120_000),
          maxOutputTokens: count(5_000),
          speed: fc.constant(null),
        }),
        { maxLength: 3 },
      ),
    }),
  });

  interface Used {
    model: string;
    promptTokens: number;
    outputTokens: number;
  }

  /** Every pass of every model, one line each: what the provider would list. */
  function linesOf(input: EstimateInput & { serverSide: ServerSideWork }): Used[] {
    const { growthTokensPerPass, compacts, advisors, fallbacks } = input.serverSide;
    const turn = (name: string, promptTokens: number, outputTokens: number): Used[] =>
      Array.from({ length: input.iterations }, (_, pass) => ({
        model: name,
        promptTokens: promptTokens + pass * growthTokensPerPass,
        outputTokens,
      })).flatMap((line) => (compacts ? [line, line] : [line]));
    const lastTokens = (input.iterations - 1) * growthTokensPerPass + input.maxOutputTokens;
    return [
      ...turn(input.model, input.promptTokens, input.maxOutputTokens),
      ...fallbacks.flatMap((fallback) =>
        turn(fallback.model, fallback.promptTokens + input.maxOutputTokens, fallback.maxOutputTokens),
      ),
      ...advisors.flatMap((advisor) =>
        Array.from({ length: advisor.uses }, () => ({
          model: advisor.model,
          promptTokens: advisor.promptTokens + lastTokens,
          outputTokens: advisor.maxOutputTokens,
        })),
      ),
    ];
  }

  it('is charged no more than the worst case, and the expectation never exceeds that', () => {
    fc.assert(
      fc.property(requests, (drawn) => {
        const input = { ...request, ...drawn };
        const isHour = input.cacheWriteTtl === '1h';
        const charged = linesOf(input).reduce((sum, { model: name, promptTokens, outputTokens }, index) => {
          const usage = {
            ...NO_USAGE,
            outputTokens,
            uncachedInputTokens: isHour ? 0 : promptTokens,
            webSearchRequests: index === 0 ? input.webSearchMaxUses : 0,
          };
          const line = charge(book, {
            ...input,
            model: name,
            usage,
            inferenceGeo: input.inferenceGeo ?? 'us',
            serviceTier: input.batch ? 'batch' : 'standard',
            billed: true,
          });
          return sum + line.contractedCostNanoUsd;
        }, 0n);
        const billed = linesOf(input).reduce((sum, line) => sum + line.promptTokens + line.outputTokens, 0);
        const { worstNanoUsd, expectedNanoUsd, tokens } = estimate(book, input);
        expect(BigInt(billed)).toBeLessThanOrEqual(tokens.worst);
        expect(tokens.expected).toBeLessThanOrEqual(tokens.worst);
        expect(charged).toBeLessThanOrEqual(worstNanoUsd);
        expect(expectedNanoUsd).toBeLessThanOrEqual(worstNanoUsd);
      }),
      { seed: 20261121, numRuns: 2_000 },
    );
  });
});
