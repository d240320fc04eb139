import { describe, expect, test } from 'vitest';
import { usd } from '../../contract/gate-fixtures.ts';
import { type FirstDenial, firstDenial } from './utilisation.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

/** Uniform in [0, 1), the same for the same seed. */
function randomOf(seedOfRun: number): () => number {
  let state = seedOfRun >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const LIMIT = usd('25');
const FIFTY = { inFlight: 50, limitNanoUsd: LIMIT, maxTokens: 32_000 };

function report(kind: string, found: FirstDenial, seedOfRun: number): number {
  const { spentNanoUsd, finallySpentNanoUsd, calls } = found;
  const spentPermille = Number((1_000n * spentNanoUsd) / LIMIT);
  const finalPermille = Number((1_000n * finallySpentNanoUsd) / LIMIT);
  process.stdout.write(
    `${kind}: first denial at ${spentPermille / 10} % spent, ${finalPermille / 10} % once all had ended, after ${calls} calls, seed ${seedOfRun}\n`,
  );
  return spentPermille;
}

describe(`fifty calls in flight on a budget of $25, each with 32,000 max_tokens: seed ${seed}`, () => {
  // Fifty worst cases are $24: that much room lets them all be judged by what such calls usually cost.
  test.each([0, 1, 2])('with an overage of 100 %, none is denied before 90 % is spent (%d)', async (run) => {
    const random = randomOf(seed + run);
    const found = await firstDenial({ ...FIFTY, overageBasisPoints: 10_000, random });
    expect(report('overage 100 %', found, seed + run)).toBeGreaterThanOrEqual(900);
    expect(found.finallySpentNanoUsd).toBeLessThanOrEqual(2n * LIMIT);
  });

  // Strictness has its price, and this is what it buys.
  test.each([0, 5_000])(
    'with an overage of %d basis points, they never spend more than that',
    async (points) => {
      const found = await firstDenial({ ...FIFTY, overageBasisPoints: points, random: randomOf(seed) });
      report(`overage ${points / 100} %`, found, seed);
      expect(found.finallySpentNanoUsd).toBeLessThanOrEqual(LIMIT + (LIMIT * BigInt(points)) / 10_000n);
    },
  );
});
