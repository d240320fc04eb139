import { expect, it } from 'vitest';
import {
  billed,
  costRow,
  DAY_1,
  DAY_MS,
  input,
  ourRow,
  price,
  reconcile,
  stretch,
  suspectsIn,
  theirRow,
  tokenCost,
  tokens,
} from './testing/made-input.ts';

const shown = tokens({ outputTokens: 7, webSearchRequests: 1 });
const counted = tokens({ outputTokens: 7, webSearchRequests: 3 });
const costOf = (counts: typeof shown) =>
  price({ model: 'claude-a', atMs: 0, tokens: counts, serviceTier: null, inferenceGeo: null, speed: null }) ??
  0n;

it('searches that no answer showed are a fee each, and need no minute to be read', () => {
  const world = input({
    internal: [ourRow({ atMs: DAY_1, tokens: shown })],
    ...billed(
      [[DAY_1, theirRow({ tokens: counted })]],
      [
        tokenCost(costOf(tokens({ outputTokens: 7 }))),
        costRow(costOf(tokens({ webSearchRequests: 3 })), { cost_type: 'web_search' }),
      ],
    ),
  });
  const result = reconcile(world);
  expect(result.causes.find(({ cause }) => cause === 'web_search')).toMatchObject({
    amountPicoUsd: costOf(tokens({ webSearchRequests: 2 })),
    evidence: [{ actual: { tokens: { webSearchRequests: 2 } } }],
  });
  expect(result).toMatchObject({ residualPicoUsd: 0n, verdicts: { tokens: 'explained' } });
  expect(suspectsIn(world)).toMatchObject({ minutes: [], charges: [] });
});

it('searches are counted once where minutes of their day are read for the sake of another key', () => {
  const result = reconcile(
    input({
      internal: [ourRow({ atMs: DAY_1, tokens: shown })],
      ...billed(
        [[DAY_1, theirRow({ tokens: counted })]],
        [costRow(costOf(counted), { cost_type: 'web_search' })],
      ),
      minutes: [stretch([[600, { tokens: shown }]], [[600, { tokens: counted }]])],
      gaps: [{ epoch: 'e', beforeMs: DAY_1, afterMs: DAY_1 + DAY_MS, fromSeq: 5, toSeq: 9 }],
    }),
  );
  expect(result.causes.map(({ cause }) => cause)).toEqual(['rounding', 'web_search']);
  expect(result.residualPicoUsd).toBe(0n);
});

it('searches are told by their minute on a day on which something else differs, too', () => {
  const late = tokens({ outputTokens: 3 });
  const world = input({
    internal: [ourRow({ atMs: DAY_1, tokens: shown }), ourRow({ atMs: DAY_1, tokens: late })],
    ...billed(
      [[DAY_1, theirRow({ tokens: counted })]],
      [costRow(costOf(counted), { cost_type: 'web_search' })],
    ),
    minutes: [
      stretch(
        [
          [600, { tokens: shown }],
          [700, { tokens: late }],
        ],
        [[600, { tokens: counted }]],
      ),
    ],
  });
  const { causes, residualPicoUsd } = reconcile(world);
  expect(causes.map(({ cause }) => cause)).toEqual(['rounding', 'web_search', 'provisional']);
  expect(residualPicoUsd).toBe(0n);
});
