import { describe, expect, it } from 'vitest';
import {
  billed,
  DAY_1,
  input,
  ourRow,
  price,
  reconcile,
  suspectsIn,
  theirRow,
  tokenCost,
  tokens,
} from './testing/made-input.ts';

const some = tokens({ uncachedInputTokens: 100, outputTokens: 7 });
const exactOf = (counts = some) =>
  price({ model: 'claude-a', atMs: 0, tokens: counts, serviceTier: null, inferenceGeo: null, speed: null }) ??
  0n;
const old = { atMs: DAY_1, tokens: some, priceId: 'list-of-october', exactPicoUsd: 1_000_000n };
const world = (fields: Parameters<typeof ourRow>[0]) =>
  input({
    internal: [ourRow(fields)],
    charges: [ourRow(fields)],
    ...billed([[DAY_1, theirRow({ tokens: some })]], [tokenCost(exactOf())]),
  });
const causeIn = (result: ReturnType<typeof reconcile>) =>
  result.causes.find(({ cause }) => cause === 'price_version');

describe('a charge by another price than that of its day', () => {
  it('is explained by the tokens at the right price, and names the wrong one', () => {
    const result = reconcile(world(old));
    expect(causeIn(result)).toMatchObject({
      amountPicoUsd: exactOf() - 1_000_000n,
      attempts: 1,
      evidence: [{ description: 'list-of-october', charged: { tokens: some }, actual: { tokens: some } }],
    });
    expect(result).toMatchObject({ residualPicoUsd: 0n, verdicts: { tokens: 'agrees', money: 'explained' } });
  });

  it('makes its day and model be read by price, and nothing else is', () => {
    expect(suspectsIn(world(old)).charges).toEqual([{ dayMs: DAY_1, responseModels: ['claude-a'] }]);
    expect(suspectsIn(world({ atMs: DAY_1, tokens: some })).charges).toEqual([]);
  });

  it.each([
    ['a refusal that was charged nothing', { ...old, status: 'refused', priceId: '', exactPicoUsd: 0n }],
    ['an estimate', { ...old, basis: 'estimated' as const }],
    ['priority capacity', { ...old, serviceTier: 'priority' }],
  ])('is not %s', (_what, fields) => {
    expect(causeIn(reconcile(world(fields)))).toBeUndefined();
  });

  describe('of a call that began before the midnight of a price change', () => {
    const dearer: typeof price = (asked) => (price(asked) ?? 0n) * (asked.atMs < DAY_1 ? 1n : 3n);
    const call = { atMs: DAY_1, startedMs: DAY_1 - 1, tokens: some };
    const worldBilled = (amountPicoUsd: bigint) =>
      input({
        internal: [ourRow(call)],
        charges: [ourRow(call)],
        price: dearer,
        ...billed([[DAY_1, theirRow({ tokens: some })]], [tokenCost(amountPicoUsd)]),
      });

    it('is none where the bill has the price of its beginning, too', () => {
      expect(suspectsIn(worldBilled(exactOf())).charges).toHaveLength(1);
      const result = reconcile(worldBilled(exactOf()));
      expect(causeIn(result)).toBeUndefined();
      expect(result.residualPicoUsd).toBe(0n);
    });

    it('is one where the bill has the price of its end', () => {
      const result = reconcile(worldBilled(3n * exactOf()));
      expect(causeIn(result)).toMatchObject({ amountPicoUsd: 2n * exactOf() });
      expect(result.residualPicoUsd).toBe(0n);
    });
  });

  it('stays unexplained where the list leaves a guess to make', () => {
    const result = reconcile(world({ ...old, model: 'unknown-model' }));
    expect(result.unexplained).toMatchObject([{ cause: 'price_version', reason: 'price_ambiguous' }]);
  });
});
