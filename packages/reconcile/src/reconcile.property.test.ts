import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reconciliation } from './reconciliation.ts';
import {
  costRow,
  DAY_1,
  DAY_MS,
  input,
  MINUTE_MS,
  ourRow,
  reconcile,
  theirRow,
  tokenCost,
  usageBuckets,
} from './testing/made-input.ts';
import { sumTokens, type TokenCounts } from './token-counts.ts';

const SEED = 20261121;
const count = fc.oneof(fc.constant(0), fc.nat({ max: 50_000 }));
const counts: fc.Arbitrary<TokenCounts> = fc.record({
  uncachedInputTokens: count,
  cacheReadInputTokens: count,
  cacheWrite5mInputTokens: count,
  cacheWrite1hInputTokens: count,
  outputTokens: count,
  webSearchRequests: fc.nat({ max: 5 }),
});
const model = fc.constantFrom('claude-a', 'claude-b', 'banded', 'unknown-model');
const minute = fc.integer({ min: 0, max: 30 });
const tier = fc.constantFrom('standard', 'priority', 'batch', 'flex');

/** Anything at all, on both sides, without any relation between them. */
const anyInput = fc
  .record({
    ours: fc.array(
      fc.record({
        minute,
        model,
        tokens: counts,
        serviceTier: tier,
        apiKeyId: fc.constantFrom('key_1', 'key_2', ''),
        basis: fc.constantFrom('reported' as const, 'estimated' as const),
        backend: fc.constantFrom('anthropic', 'bedrock'),
        exactPicoUsd: fc.bigInt({ min: 0n, max: 10n ** 20n }),
      }),
      { maxLength: 8 },
    ),
    theirs: fc.array(
      fc.record({
        minute,
        model,
        tokens: counts,
        serviceTier: tier,
        apiKeyId: fc.constantFrom('key_1', 'key_2', 'key_9', null),
        inferenceGeo: fc.constantFrom('global', 'us', null),
      }),
      { maxLength: 8 },
    ),
    billed: fc.array(
      fc.record({
        amountPicoUsd: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 24n }),
        line: fc.record({
          cost_type: fc.constantFrom(
            'tokens',
            'web_search',
            'code_execution',
            'session_usage',
            'novel',
            null,
          ),
          model: fc.option(model),
        }),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ ours, theirs, billed }) => {
    const at = (place: { minute: number }) => DAY_1 + place.minute * MINUTE_MS;
    const minutes = {
      fromMs: DAY_1,
      toMs: DAY_1 + DAY_MS,
      apiKeyIds: ['key_1', 'key_2'],
      fastUsage: null,
      completeToMs: null,
      internal: ours.map((row) => ourRow({ ...row, time: 'minute', atMs: at(row) })),
      usage: usageBuckets(
        DAY_1,
        MINUTE_MS,
        1440,
        theirs.map((row) => [at(row), theirRow(row)]),
      ),
    };
    return input({
      internal: ours.map((row) => ourRow({ ...row, atMs: DAY_1 })),
      usage: usageBuckets(
        DAY_1,
        DAY_MS,
        1,
        theirs.map((row) => [DAY_1, theirRow(row)]),
      ),
      costs: [
        {
          startMs: DAY_1,
          endMs: DAY_1 + DAY_MS,
          rows: billed.map((row) => costRow(row.amountPicoUsd, row.line)),
        },
      ],
      minutes: [minutes],
    });
  });

function sum(amounts: bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

function expectIdentity(result: Reconciliation): void {
  const explained = sum(result.causes.map(({ amountPicoUsd }) => amountPicoUsd));
  expect(result.internalPicoUsd + explained + result.residualPicoUsd).toBe(result.billedPicoUsd);
  expect(result.explainedPicoUsd).toBe(explained);
  expect(result.billedPicoUsd - result.internalPicoUsd).toBe(result.variancePicoUsd);
}

describe('whatever both sides say', () => {
  it('internal + explained + residual is billed, in pico', () => {
    fc.assert(
      fc.property(anyInput, (world) => expectIdentity(reconcile(world))),
      { seed: SEED, numRuns: 150 },
    );
  });

  it('the lines of the join add up to the totals, and each cause to its evidence', () => {
    fc.assert(
      fc.property(anyInput, (world) => {
        const result = reconcile(world);
        expect(sum(result.variances.map(({ internalPicoUsd }) => internalPicoUsd))).toBe(
          result.internalPicoUsd,
        );
        expect(sum(result.variances.map(({ billedPicoUsd }) => billedPicoUsd))).toBe(result.billedPicoUsd);
        expect(sum(result.variances.map(({ variancePicoUsd }) => variancePicoUsd))).toBe(
          result.variancePicoUsd,
        );
        expect(sumTokens(result.variances.map(({ theirs }) => theirs))).toEqual(
          sumTokens(world.usage.flatMap(({ rows }) => rows.map(({ usage }) => usage))),
        );
        for (const { amountPicoUsd, places, evidence } of result.causes) {
          expect(evidence).toHaveLength(places);
          expect(sum(evidence.map((item) => item.amountPicoUsd))).toBe(amountPicoUsd);
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  it('no cause looks at the total: more on the bill is more residual, and nothing else changes', () => {
    fc.assert(
      fc.property(anyInput, fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (world, extraPicoUsd) => {
        const before = reconcile(world);
        const [day] = world.costs;
        if (day === undefined) throw new Error('no day');
        const costs = [{ ...day, rows: [...day.rows, tokenCost(extraPicoUsd)] }];
        const after = reconcile({ ...world, costs });
        expect(after.causes).toEqual(before.causes);
        expect(after.residualPicoUsd - before.residualPicoUsd).toBe(extraPicoUsd);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  it('the order of rows does not matter', () => {
    fc.assert(
      fc.property(anyInput, (world) => {
        const reversed = reconcile({
          ...world,
          internal: world.internal.toReversed(),
          usage: world.usage.map((day) => ({ ...day, rows: day.rows.toReversed() })),
          costs: world.costs.map((day) => ({ ...day, rows: day.rows.toReversed() })),
        });
        const { variances, residualPicoUsd, verdicts } = reconcile(world);
        expect(reversed).toMatchObject({ variances, residualPicoUsd, verdicts });
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
});
