import { expect, it } from 'vitest';
import {
  billed,
  DAY_1,
  input,
  ourRow,
  price,
  reconcile,
  stretch,
  theirRow,
  tokenCost,
  tokens,
} from './testing/made-input.ts';

const some = tokens({ uncachedInputTokens: 100, outputTokens: 7 });
const exactOf = (counts = some) =>
  price({ model: 'claude-a', atMs: 0, tokens: counts, serviceTier: null, inferenceGeo: null, speed: null }) ??
  0n;
const guess = { tokens: tokens({ uncachedInputTokens: 90 }), basis: 'estimated' as const, status: 'unknown' };
const aborted = { ...guess, status: 'aborted' };

function judge(rows: (typeof guess)[], seen = some) {
  return reconcile(
    input({
      internal: rows.map((row) => ourRow({ ...row, atMs: DAY_1 })),
      ...billed([[DAY_1, theirRow({ tokens: seen })]], [tokenCost(exactOf(seen))]),
      minutes: [
        stretch(
          rows.map((row) => [600, row]),
          [[600, { tokens: seen }]],
        ),
      ],
    }),
  );
}

it('a call that nobody here knows the outcome of is what its minute shows, less the guess', () => {
  const result = judge([guess]);
  expect(result.causes.find(({ cause }) => cause === 'unknown_outcome')).toMatchObject({
    amountPicoUsd: exactOf() - exactOf(guess.tokens),
    attempts: 1,
  });
  expect(result).toMatchObject({ residualPicoUsd: 0n, verdicts: { tokens: 'explained' } });
});

it('with an aborted one in the same minute it is ambiguous', () => {
  const result = judge([guess, aborted]);
  expect(result.causes.find(({ cause }) => cause === 'ambiguous')).toMatchObject({
    between: ['aborted_estimate', 'unknown_outcome'],
    amountPicoUsd: exactOf() - 2n * exactOf(guess.tokens),
    attempts: 2,
  });
  expect(result.residualPicoUsd).toBe(0n);
});
