import { describe, expect, it } from 'vitest';
import { billed, DAY_1, input, ourRow, price, reconcile, theirRow, tokens } from './testing/made-input.ts';

const some = tokens({ uncachedInputTokens: 100, outputTokens: 7 });
const exactPicoUsd =
  price({
    model: 'claude-a',
    atMs: 0,
    tokens: some,
    serviceTier: 'standard',
    inferenceGeo: null,
    speed: null,
  }) ?? 0n;
const causeIn = (result: ReturnType<typeof reconcile>, name: string) =>
  result.causes.find(({ cause }) => cause === name);

describe('priority_tier', () => {
  it('takes back the list price of our rows that no bill will ever hold, and leaves their tokens alone', () => {
    const result = reconcile(
      input({
        internal: [ourRow({ atMs: DAY_1, serviceTier: 'priority', tokens: some })],
        ...billed([[DAY_1, theirRow({ serviceTier: 'priority', tokens: some })]], []),
      }),
    );
    expect(causeIn(result, 'priority_tier')?.amountPicoUsd).toBe(-exactPicoUsd);
    expect(result.residualPicoUsd).toBe(0n);
    expect(result.verdicts).toMatchObject({ tokens: 'agrees', money: 'explained' });
  });
});
