import { expect, it } from 'vitest';
import { reconcile } from './reconcile.ts';
import { suspectsOf } from './suspects.ts';
import { billed, costRow, DAY_1, input, ourRow, price, theirRow, tokens } from './testing/made-input.ts';

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
      [costRow(costOf(counted), { cost_type: 'web_search' })],
    ),
  });
  const result = reconcile(world);
  expect(result.causes.find(({ cause }) => cause === 'web_search')).toMatchObject({
    amountPicoUsd: costOf(tokens({ webSearchRequests: 2 })),
    evidence: [{ actual: { tokens: { webSearchRequests: 2 } } }],
  });
  expect(result).toMatchObject({ residualPicoUsd: 0n, verdicts: { tokens: 'explained' } });
  expect(suspectsOf(world)).toEqual({ minutes: [], charges: [] });
});
