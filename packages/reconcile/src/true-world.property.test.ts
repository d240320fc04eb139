import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CAUSES } from './causes.ts';
import type { Reconciliation } from './reconciliation.ts';
import { MISHAPS, type Mishap, play } from './testing/true-causes.ts';
import { createTrueWorld, type WorldTerms } from './testing/true-world.ts';
import { NO_TOKENS, type TokenCounts } from './token-counts.ts';

const SEED = 20_261_122;
const HOUR_MS = 3_600_000;

const count = fc.nat({ max: 50_000 });
const counts: fc.Arbitrary<TokenCounts> = fc
  .record({ cacheReadInputTokens: count, cacheWrite5mInputTokens: count, outputTokens: count })
  .map((some) => ({ ...NO_TOKENS, ...some }));

const mishap: fc.Arbitrary<Mishap> = fc.record({
  kind: fc.constantFrom(...Object.keys(MISHAPS)),
  hour: fc.nat({ max: 31 * 24 }),
  minute: fc.integer({ min: 5, max: 45 }),
  key: fc.nat({ max: 2 }),
  model: fc.nat({ max: 1 }),
  truth: counts,
  guess: counts,
  form: fc.nat({ max: 1_000_000 }),
});

/** Any month of the year or the beginning of it, reconciled any time after, with a price that changes at any midnight. */
const terms: fc.Arbitrary<WorldTerms> = fc
  .record({
    month: fc.nat({ max: 11 }),
    days: fc.integer({ min: 2, max: 31 }),
    laterHours: fc.integer({ min: 1, max: 60 * 24 }),
    dearerOn: fc.nat({ max: 31 }),
    isByKey: fc.boolean(),
    isBilledByEnd: fc.boolean(),
    discountPercent: fc.bigInt({ min: 0n, max: 30n }),
  })
  .map(({ month, days, laterHours, dearerOn, ...bill }) => {
    const fromMs = Date.UTC(2026, month, 1);
    const toMs = fromMs + days * 24 * HOUR_MS;
    const dearerFromMs = fromMs + dearerOn * 24 * HOUR_MS;
    return { ...bill, fromMs, toMs, nowMs: toMs + laterHours * HOUR_MS, dearerFromMs };
  });

function foundIn({ causes, residualPicoUsd }: Reconciliation): Map<string, bigint> {
  const found = causes.map(
    ({ cause, between, amountPicoUsd }) =>
      [between.length > 0 ? `${cause}: ${between.join(' | ')}` : cause, amountPicoUsd] as const,
  );
  return new Map([...found, ['residual', residualPicoUsd]]);
}

function withoutZeros(sums: ReadonlyMap<string, bigint>): Record<string, bigint> {
  return Object.fromEntries([...sums].filter(([, amountPicoUsd]) => amountPicoUsd !== 0n));
}

it('whatever goes wrong in a month, each cause is found to the exact amount, and the residual is what nothing covers', () => {
  const met = new Set<string>();
  fc.assert(
    fc.property(terms, fc.array(mishap, { maxLength: 14 }), (month, mishaps) => {
      const world = createTrueWorld(month);
      const expected = play(world, mishaps);
      expected.set('rounding', world.roundingPicoUsd()).set('discount', world.discountPicoUsd());
      const result = world.reconciled();
      expect(withoutZeros(foundIn(result))).toEqual(withoutZeros(expected));
      const isUncovered = mishaps.some(({ kind }) => kind === 'untold' || kind === 'provisional');
      if (!isUncovered) expect(result.unexplained).toEqual([]);
      if (!isUncovered) expect(result.verdicts.tokens).not.toBe('differs');
      // Every report of this provider counts requests, or none does.
      const requests = result.differences?.requests;
      if (month.isByKey && !isUncovered) expect(requests?.unexplained).toBe(0);
      expect(result.verdicts.requests === 'not_counted').toBe(!month.isByKey);
      for (const { cause } of result.causes) met.add(cause);
    }),
    { seed: SEED, numRuns: 120 },
  );
  expect([...met].sort()).toEqual([...CAUSES].sort());
});
