import fc from 'fast-check';
import { expect, it } from 'vitest';
import { reconcile } from './reconcile.ts';
import type { DaySides } from './reconcile-input.ts';
import {
  comparedIn,
  costRow,
  DAY_1,
  DAY_MS,
  input,
  ourRow,
  stretch,
  theirRow,
  tokens,
  usageBuckets,
  type World,
} from './testing/made-input.ts';

const SEED = 20261122;
const DAYS = 4;
const WORKSPACES = ['wrkspc_1', 'wrkspc_2'];

const day = fc.nat({ max: DAYS - 1 });
const place = {
  day,
  model: fc.constantFrom('claude-a', 'claude-b', 'banded', 'unknown-model'),
  apiKeyId: fc.constantFrom('key_1', 'key_2', 'key_3', ''),
  serviceTier: fc.constantFrom('standard', 'standard', 'priority', 'batch'),
  workspaceId: fc.constantFrom(...WORKSPACES),
  tokens: fc
    .record({ uncachedInputTokens: fc.nat({ max: 3_000 }), webSearchRequests: fc.constantFrom(0, 0, 0, 1) })
    .map(tokens),
};
/** Most of what happens is on both sides; the rest is of one of them, or differs. */
const usages = fc.array(
  fc.record({
    ...place,
    seen: fc.constantFrom('both', 'both', 'ours', 'theirs', 'next day'),
    basis: fc.constantFrom('reported' as const, 'reported' as const, 'estimated' as const),
    backend: fc.constantFrom('anthropic', 'anthropic', 'anthropic', 'bedrock'),
    status: fc.constantFrom('ok', 'ok', 'refused'),
    overchargePicoUsd: fc.constantFrom(0n, 0n, 7_000n),
  }),
  { minLength: 4, maxLength: 30 },
);
const lines = fc.array(
  fc.record({
    day,
    costType: fc.constantFrom('tokens', 'web_search', 'code_execution', 'novel', null),
    amountPicoUsd: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    discountPicoUsd: fc.constantFrom(0n, 5n),
    isOfKey: fc.boolean(),
  }),
  { maxLength: 10 },
);

const anyMonth = fc.record({ usages, lines }).map(({ usages: all, lines: billed }): World => {
  const atMs = (index: number) => DAY_1 + Math.min(index, DAYS - 1) * DAY_MS;
  const theirs = all.filter(({ seen, backend }) => seen !== 'ours' && backend === 'anthropic');
  const buckets = (by: 'workspace' | 'window') =>
    usageBuckets(
      DAY_1,
      DAY_MS,
      DAYS,
      theirs.map(({ workspaceId, ...row }) => [
        atMs(row.seen === 'next day' ? row.day + 1 : row.day),
        theirRow({ ...row, apiKeyId: row.apiKeyId || null, ...(by === 'workspace' ? { workspaceId } : {}) }),
      ]),
    );
  return input({
    toMs: DAY_1 + DAYS * DAY_MS,
    nowMs: DAY_1 + 40 * DAY_MS,
    internal: all
      .filter(({ seen }) => seen !== 'theirs')
      .map((row) => {
        const priced = ourRow({ ...row, atMs: atMs(row.day) });
        return { ...priced, listCostNanoUsd: priced.listCostNanoUsd + row.overchargePicoUsd / 1_000n };
      }),
    usage: buckets('window'),
    usageByWorkspace: buckets('workspace'),
    costs: Array.from({ length: DAYS }, (_, index) => ({
      startMs: atMs(index),
      endMs: atMs(index) + DAY_MS,
      rows: billed
        .filter((line) => line.day === index)
        .map(({ amountPicoUsd, discountPicoUsd, costType, isOfKey }) => ({
          ...costRow(amountPicoUsd, {
            cost_type: costType,
            model: 'claude-a',
            ...(isOfKey ? { api_key_id: 'key_1', service_tier: 'standard', inference_geo: 'global' } : {}),
          }),
          listAmountPicoUsd: amountPicoUsd + discountPicoUsd,
        })),
    })),
    minutes: [
      stretch(
        [[30, { tokens: tokens({ outputTokens: 5 }) }]],
        [[31, { tokens: tokens({ outputTokens: 5 }) }]],
      ),
    ],
    charges: all.map((row) => ourRow({ ...row, atMs: atMs(row.day) })),
    gaps: [
      { ...{ epoch: '1', fromSeq: 3, toSeq: 4 }, beforeMs: DAY_1 + DAY_MS, afterMs: DAY_1 + DAY_MS + 1 },
    ],
  });
});

/** The days of a world in portions, each of the days from one cut up to the next. */
function portionsOf(world: World, cuts: readonly number[]): DaySides[] {
  const bounds = [...new Set([0, ...cuts, DAYS])].sort((left, right) => left - right);
  return bounds.slice(1).map((end, index) => {
    const [fromMs, toMs] = [DAY_1 + (bounds[index] ?? 0) * DAY_MS, DAY_1 + end * DAY_MS];
    const isIn = ({ startMs }: { startMs: number }) => startMs >= fromMs && startMs < toMs;
    return {
      internal: world.internal.filter(({ group }) => isIn({ startMs: Date.parse(group.day ?? '') })),
      usage: world.usage.filter(isIn),
      fastUsage: world.fastUsage?.filter(isIn) ?? null,
      usageByWorkspace: world.usageByWorkspace.filter(isIn),
      fastByWorkspace: world.fastByWorkspace?.filter(isIn) ?? null,
      costs: world.costs.filter(isIn),
    };
  });
}

it('a month says the same whether its days come at once, one by one or in any portions', () => {
  fc.assert(
    fc.property(anyMonth, fc.array(day, { maxLength: DAYS }), (world, cuts) => {
      const whole = reconcile(world, comparedIn(world));
      expect(reconcile(world, comparedIn(world, portionsOf(world, [1, 2, 3])))).toEqual(whole);
      expect(reconcile(world, comparedIn(world, portionsOf(world, cuts)))).toEqual(whole);
    }),
    { seed: SEED, numRuns: 100 },
  );
});
