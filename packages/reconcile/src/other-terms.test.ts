import { describe, expect, it } from 'vitest';
import type { PriceTokens } from './reconcile-input.ts';
import {
  billed,
  DAY_1,
  input,
  ourRow,
  reconcile,
  price as standardPrice,
  stretch,
  suspectsIn,
  theirRow,
  tokenCost,
  tokens,
  type World,
} from './testing/made-input.ts';
import { sumTokens, type TokenCounts } from './token-counts.ts';

/** Three times as much in a batch, so that nothing is rounded; five times as much when fast; twice as much in the US. */
const price: PriceTokens = (question) => {
  const picoUsd = standardPrice(question);
  if (picoUsd === null) return null;
  return picoUsd * (question.serviceTier === 'batch' ? 3n : 1n) * (question.speed === 'fast' ? 5n : 1n);
};

const some = tokens({ uncachedInputTokens: 100, outputTokens: 8 });
const other = tokens({ uncachedInputTokens: 60, cacheReadInputTokens: 10 });
type Terms = { inferenceGeo?: string; serviceTier?: string };

function costOf(counts: TokenCounts, { inferenceGeo = 'global', serviceTier = 'standard' }: Terms = {}) {
  if (serviceTier.startsWith('priority')) return 0n;
  const question = { model: 'claude-a', atMs: DAY_1, tokens: counts, speed: null };
  return price({ ...question, inferenceGeo, serviceTier }) ?? 0n;
}

/** One call beside another on which both sides agree, as each side states its terms. */
function seen(ours: Terms, theirs: Terms, changes: Partial<World> = {}) {
  const { serviceTier = 'standard' } = ours;
  const listed = serviceTier === 'priority' ? 'standard' : serviceTier;
  const chargedPicoUsd = costOf(some, { ...ours, serviceTier: listed });
  return input({
    price,
    internal: [
      ourRow({ atMs: DAY_1, tokens: other }),
      ourRow({ atMs: DAY_1, tokens: some, exactPicoUsd: chargedPicoUsd, ...ours }),
    ],
    ...billed(
      [
        [DAY_1, theirRow({ tokens: other })],
        [DAY_1, theirRow({ tokens: some, ...theirs })],
      ],
      [tokenCost(costOf(other) + costOf(some, theirs))],
    ),
    ...changes,
  });
}
const causesOf = (world: World) => {
  const result = reconcile(world);
  expect(result.residualPicoUsd).toBe(0n);
  const beside = new Set(['rounding', 'priority_tier']);
  return result.causes.filter(({ cause }) => !beside.has(cause));
};

describe('the same tokens, which the provider counts on terms that the answer did not show', () => {
  it.each<[string, Terms, Terms, bigint]>([
    ['geography', {}, { inferenceGeo: 'us' }, costOf(some)],
    ['geography', { inferenceGeo: 'us' }, { inferenceGeo: 'not_available' }, -costOf(some)],
    ['service_tier', {}, { serviceTier: 'batch' }, 2n * costOf(some)],
    ['service_tier', { serviceTier: 'batch' }, {}, -2n * costOf(some)],
    ['service_tier', {}, { serviceTier: 'priority' }, -costOf(some)],
    ['service_tier', { serviceTier: 'priority' }, {}, costOf(some)],
  ])('are a cause by the name of the term: %s', (cause, ours, theirs, amountPicoUsd) => {
    const world = seen(ours, theirs);
    expect(causesOf(world)).toMatchObject([{ cause, amountPicoUsd }]);
    expect(suspectsIn(world).minutes).toEqual([]);
  });

  it('are explained with both terms as evidence, and the token verdict stays', () => {
    const result = reconcile(seen({}, { inferenceGeo: 'us' }));
    const [{ evidence = [] } = {}] = result.causes.filter(({ cause }) => cause === 'geography');
    expect(evidence).toMatchObject([
      {
        apiKeyId: 'key_1',
        description: 'us in place of global',
        charged: { tokens: some, amountPicoUsd: costOf(some) },
        actual: { tokens: some, amountPicoUsd: 2n * costOf(some) },
      },
    ]);
    expect(result.verdicts).toMatchObject({ tokens: 'agrees', money: 'explained' });
  });

  it('share their amount where two terms are others at once', () => {
    const [ours, theirs] = [{ inferenceGeo: 'us' }, { serviceTier: 'batch' }];
    const minutes = [stretch([[600, { tokens: some, ...ours }]], [[600, { tokens: some, ...theirs }]])];
    const shared = causesOf(seen(ours, theirs, { minutes }));
    expect(shared).toMatchObject([
      {
        cause: 'ambiguous',
        between: ['geography', 'service_tier'],
        amountPicoUsd: costOf(some),
      },
    ]);
  });

  it('are told apart by the minutes of two calls that are on different other terms', () => {
    const [us, batch] = [{ inferenceGeo: 'us' }, { serviceTier: 'batch' }];
    const both = input({
      price,
      internal: [ourRow({ atMs: DAY_1, tokens: sumTokens([some, other]) })],
      ...billed(
        [
          [DAY_1, theirRow({ tokens: some, ...us })],
          [DAY_1, theirRow({ tokens: other, ...batch })],
        ],
        [tokenCost(costOf(some, us) + costOf(other, batch))],
      ),
    });
    expect(suspectsIn(both).minutes).toMatchObject([{ dayMs: DAY_1, apiKeyId: 'key_1' }]);
    const minutes = stretch(
      [
        [600, { tokens: some }],
        [700, { tokens: other }],
      ],
      [
        [600, { tokens: some, ...us }],
        [700, { tokens: other, ...batch }],
      ],
    );
    expect(causesOf({ ...both, minutes: [minutes] })).toMatchObject([
      { cause: 'geography', amountPicoUsd: costOf(some) },
      { cause: 'service_tier', amountPicoUsd: 2n * costOf(other) },
    ]);
  });

  it('are no cause where a tier has no price, or the other name means the same', () => {
    const unpriced = reconcile(seen({}, { serviceTier: 'flex' }));
    expect(unpriced.unexplained).toMatchObject([{ cause: 'service_tier', reason: 'price_ambiguous' }]);
    expect(causesOf(seen({}, { inferenceGeo: 'not_available' }))).toEqual([]);
    expect(causesOf(seen({ serviceTier: 'priority' }, { serviceTier: 'priority_on_demand' }))).toEqual([]);
  });
});

describe('on a day on which something else differs, too', () => {
  const guess = tokens({ uncachedInputTokens: 40, outputTokens: 1 });
  const truth = tokens({ uncachedInputTokens: 41, outputTokens: 9 });
  const aborted = { tokens: guess, basis: 'estimated' as const };
  const world = (abortedAt: number) => {
    const us = { tokens: some, inferenceGeo: 'us' };
    return input({
      price,
      internal: [ourRow({ atMs: DAY_1, tokens: some }), ourRow({ atMs: DAY_1, ...aborted })],
      ...billed(
        [
          [DAY_1, theirRow(us)],
          [DAY_1, theirRow({ tokens: truth })],
        ],
        [tokenCost(costOf(some, us) + costOf(truth))],
      ),
      minutes: [
        stretch(
          [
            [600, { tokens: some }],
            [abortedAt, aborted],
          ],
          [
            [600, us],
            [abortedAt, { tokens: truth }],
          ],
        ),
      ],
    });
  };

  it('the minute tells it apart', () => {
    expect(causesOf(world(601))).toMatchObject([
      { cause: 'aborted_estimate', amountPicoUsd: costOf(truth) - costOf(guess) },
      { cause: 'geography', amountPicoUsd: costOf(some), evidence: [{ fromMs: DAY_1 + 600 * 60_000 }] },
    ]);
  });

  it('in one minute with it nobody can tell the parts, and the sum is exact', () => {
    expect(causesOf(world(600))).toMatchObject([
      {
        cause: 'ambiguous',
        between: ['aborted_estimate', 'geography'],
        amountPicoUsd: costOf(truth) - costOf(guess) + costOf(some),
      },
    ]);
  });
});

describe('fast mode, which is asked for by itself', () => {
  const plain = { tokens: some };
  const fast = (ours: 'fast' | 'standard') => {
    const chargedPicoUsd = ours === 'fast' ? 5n * costOf(some) : costOf(some);
    const world = seen({}, {});
    return {
      ...world,
      internal: [
        ourRow({ atMs: DAY_1, tokens: other }),
        ourRow({ atMs: DAY_1, ...plain, speed: ours, exactPicoUsd: chargedPicoUsd }),
      ],
      fastUsage: billed([[DAY_1, theirRow(plain)]], []).usage,
      ...billed(
        [[DAY_1, theirRow({ tokens: sumTokens([some, other]) })]],
        [tokenCost(costOf(other) + 5n * costOf(some))],
      ),
    };
  };

  it('is a cause where the answer did not show it, and none where it did', () => {
    expect(causesOf(fast('standard'))).toMatchObject([
      {
        cause: 'speed',
        amountPicoUsd: 4n * costOf(some),
        evidence: [{ description: 'fast in place of standard' }],
      },
    ]);
    expect(causesOf(fast('fast'))).toEqual([]);
  });

  it('is not compared where nobody can tell', () => {
    const { causes, residualPicoUsd } = reconcile({ ...fast('standard'), fastUsage: null });
    expect(causes.map(({ cause }) => cause)).not.toContain('speed');
    expect(residualPicoUsd).toBe(4n * costOf(some));
  });

  it('past the meter is priced as such', () => {
    const { fastUsage, usage, costs } = fast('fast');
    const stranger = input({ price, fastUsage, usage, costs });
    expect(causesOf(stranger)).toMatchObject([
      { cause: 'unmetered_key', amountPicoUsd: costOf(other) + 5n * costOf(some) },
    ]);
  });

  it('in the minute of a broken stream is what the stream was charged at', () => {
    const guess = tokens({ outputTokens: 1 });
    const charged = { tokens: guess, basis: 'estimated' as const, exactPicoUsd: 5n * costOf(guess) };
    const world = input({
      price,
      internal: [ourRow({ atMs: DAY_1, ...charged })],
      fastUsage: billed([[DAY_1, theirRow(plain)]], []).usage,
      ...billed([[DAY_1, theirRow(plain)]], [tokenCost(5n * costOf(some))]),
    });
    expect(suspectsIn(world).minutes).toEqual([{ dayMs: DAY_1, apiKeyId: 'key_1', isFast: true }]);
    const minutes = stretch([[600, charged]], [[600, plain]]);
    const result = causesOf({ ...world, minutes: [{ ...minutes, fastUsage: minutes.usage }] });
    expect(result).toMatchObject([
      { cause: 'aborted_estimate', amountPicoUsd: 5n * (costOf(some) - costOf(guess)) },
    ]);
  });
});
