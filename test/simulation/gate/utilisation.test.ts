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

function report(kind: string, { spentNanoUsd, calls }: FirstDenial, seedOfRun: number): number {
  const spentPermille = Number((1_000n * spentNanoUsd) / LIMIT);
  process.stdout.write(
    `${kind}: first denial at ${spentPermille / 10} % spent, after ${calls} calls, seed ${seedOfRun}\n`,
  );
  return spentPermille;
}

describe(`fifty calls in flight on a budget of $25, each with 32,000 max_tokens: seed ${seed}`, () => {
  const expectedOnly = { ...FIFTY, isWorstCounted: false };
  test.each([0, 1, 2])(
    'judged by what such calls usually cost, none is denied before 90 % is spent (%d)',
    async (run) => {
      const found = await firstDenial({ ...expectedOnly, random: randomOf(seed + run) });
      expect(report('expected cost', found, seed + run)).toBeGreaterThanOrEqual(900);
    },
  );

  // Fifty worst cases are $24 of the $25: strictness has its price, and this is what it buys.
  test('judged by their worst case too, they never spend more than the limit', async () => {
    const found = await firstDenial({ ...FIFTY, isWorstCounted: true, random: randomOf(seed) });
    report('worst case', found, seed);
    expect(found.finallySpentNanoUsd).toBeLessThanOrEqual(LIMIT);
  });
});
