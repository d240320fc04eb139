import { describe, expect, it } from 'vitest';
import {
  billed,
  costRow,
  DAY_1,
  input,
  ourRow,
  reconcile,
  theirRow,
  tokenCost,
  tokens,
} from './testing/made-input.ts';
import { waterfallOf } from './waterfall.ts';

const some = tokens({ uncachedInputTokens: 100, outputTokens: 7 });

describe('the waterfall', () => {
  const steps = waterfallOf(
    reconcile(
      input({
        internal: [ourRow({ atMs: DAY_1, tokens: some })],
        ...billed(
          [
            [DAY_1, theirRow({ tokens: some })],
            ...['key_6', 'key_7', 'key_8', 'key_9'].map(
              (apiKeyId) =>
                [DAY_1, theirRow({ apiKeyId, tokens: some })] as [number, ReturnType<typeof theirRow>],
            ),
          ],
          [tokenCost(900_000_000n), costRow(5n, { cost_type: 'quantum_usage' })],
        ),
      }),
    ),
  );

  it('walks from ours to the bill, each step from where the one before ended', () => {
    expect(steps.map(({ step }) => step)).toEqual([
      'internal',
      'rounding',
      'unmetered_key',
      'unknown_cost_type',
      'residual',
      'billed',
    ]);
    steps.slice(1, -1).forEach((step, index) => {
      expect(step.runningPicoUsd).toBe((steps[index]?.runningPicoUsd ?? 0n) + step.amountPicoUsd);
    });
    expect(steps.at(-2)?.runningPicoUsd).toBe(steps.at(-1)?.amountPicoUsd);
  });

  it('says of each step what it is and what to do, by name and never at length', () => {
    const actionOf = (name: string) => steps.find(({ step }) => step === name)?.nextAction;
    expect(actionOf('unmetered_key')).toBe(
      'Wrap the clients that use key_6, key_7, key_8 and 1 more, or retire them.',
    );
    expect(actionOf('unknown_cost_type')).toContain('quantum_usage');
    expect(actionOf('residual')).toContain('unexplained');
    expect(actionOf('rounding')).toContain('None needed: each charge is rounded once');
    expect(actionOf('billed')).toBe('None needed: it is a total.');
    expect(steps.every(({ meaning }) => meaning !== '')).toBe(true);
  });
});
