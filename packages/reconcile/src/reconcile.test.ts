import { describe, expect, it } from 'vitest';
import {
  billed,
  costRow,
  DAY_1,
  DAY_MS,
  input,
  ourRow,
  price,
  reconcile,
  theirRow,
  tokenCost,
  tokens,
  usageBuckets,
} from './testing/made-input.ts';

const some = tokens({ uncachedInputTokens: 100, outputTokens: 7 });
const exactOf = (counts = some, model = 'claude-a') =>
  price({ model, atMs: 0, tokens: counts, serviceTier: 'standard', inferenceGeo: null, speed: null }) ?? 0n;

describe('two sides that agree', () => {
  it('but for rounding: it is named, and nothing is left', () => {
    const result = reconcile(
      input({
        internal: [ourRow({ atMs: DAY_1, tokens: some })],
        ...billed([[DAY_1, theirRow({ tokens: some })]], [tokenCost(exactOf())]),
      }),
    );
    expect(result.billedPicoUsd).toBe(exactOf());
    expect(result.internalPicoUsd).toBe((exactOf() / 1000n) * 1000n);
    expect(result.causes.map(({ cause, amountPicoUsd }) => [cause, amountPicoUsd])).toEqual([
      ['rounding', exactOf() % 1000n],
    ]);
    expect(result.residualPicoUsd).toBe(0n);
    expect(result.verdicts).toMatchObject({ tokens: 'agrees', money: 'explained' });
  });

  it('to the last digit say so in both verdicts, with no cause at all', () => {
    const even = ourRow({ atMs: DAY_1, tokens: some, exactPicoUsd: 5_000_000n });
    const result = reconcile(
      input({ internal: [even], ...billed([[DAY_1, theirRow({ tokens: some })]], [tokenCost(5_000_000n)]) }),
    );
    expect(result.causes).toEqual([]);
    expect(result.verdicts).toMatchObject({ tokens: 'agrees', money: 'agrees' });
  });

  it('on nothing agree on nothing', () => {
    expect(reconcile(input())).toMatchObject({
      internalPicoUsd: 0n,
      billedPicoUsd: 0n,
      residualPicoUsd: 0n,
      variances: [],
      verdicts: { tokens: 'agrees', money: 'agrees' },
    });
  });
});

describe('the residual', () => {
  const world = (extraPicoUsd: bigint, tolerancePicoUsd = 0n) =>
    reconcile(
      input({
        internal: [ourRow({ atMs: DAY_1, tokens: some })],
        ...billed([[DAY_1, theirRow({ tokens: some })]], [tokenCost(exactOf() + extraPicoUsd)]),
        tolerancePicoUsd,
      }),
    );

  it.each([1n, -1n, 123_456_789_012_345_678_901n])(
    'is what nothing explains, to the pico: %s',
    (extraPicoUsd) => {
      const result = world(extraPicoUsd);
      expect(result.residualPicoUsd).toBe(extraPicoUsd);
      expect(result.verdicts).toMatchObject({ tokens: 'agrees', money: 'differs' });
    },
  );

  it('within the tolerance counts as explained and is still shown', () => {
    expect(world(-500n, 500n)).toMatchObject({ residualPicoUsd: -500n, verdicts: { money: 'explained' } });
    expect(world(501n, 500n).verdicts.money).toBe('differs');
  });
});

describe('the join', () => {
  it('has a line for rows that only one side knows', () => {
    const result = reconcile(
      input({
        internal: [ourRow({ atMs: DAY_1, model: 'ours-only', tokens: some })],
        ...billed(
          [[DAY_1, theirRow({ model: 'theirs-only', tokens: some })]],
          [tokenCost(9n, 'billed-only')],
        ),
      }),
    );
    expect(result.variances.map(({ model }) => model)).toEqual(['billed-only', 'ours-only', 'theirs-only']);
    expect(result.verdicts.tokens).toBe('differs');
  });

  it('keeps days apart: a surplus on one does not make up for the other', () => {
    const result = reconcile(
      input({
        toMs: DAY_1 + 2 * DAY_MS,
        internal: [ourRow({ atMs: DAY_1, tokens: some })],
        usage: usageBuckets(DAY_1, DAY_MS, 2, [[DAY_1 + DAY_MS, theirRow({ tokens: some })]]),
      }),
    );
    expect(result.variances.map(({ dayMs, difference }) => [dayMs, difference.outputTokens])).toEqual([
      [DAY_1, -7],
      [DAY_1 + DAY_MS, 7],
    ]);
    expect(result.verdicts.tokens).toBe('differs');
  });

  it('meets models under one name, whatever each side calls them', () => {
    const result = reconcile(
      input({
        internal: [ourRow({ atMs: DAY_1, model: 'alias', tokens: some })],
        ...billed(
          [[DAY_1, theirRow({ model: 'dated-id', tokens: some })]],
          [tokenCost(exactOf(), 'dated-id')],
        ),
        modelName: (name) => (name === 'alias' ? 'dated-id' : name),
      }),
    );
    expect(result.variances).toHaveLength(1);
    expect(result.verdicts.tokens).toBe('agrees');
  });

  it('puts web searches on the line on which they are billed', () => {
    const searched = tokens({ outputTokens: 5, webSearchRequests: 2 });
    const row = ourRow({ atMs: DAY_1, tokens: searched });
    const search = costRow(3n, { cost_type: 'web_search' });
    const result = reconcile(
      input({ internal: [row], ...billed([[DAY_1, theirRow({ tokens: searched })]], [search]) }),
    );
    const [tokenLine, searchLine] = result.variances;
    expect(searchLine).toMatchObject({
      costType: 'web_search',
      model: null,
      internalPicoUsd: row.webSearchCostNanoUsd * 1000n,
      billedPicoUsd: 3n,
    });
    expect(tokenLine?.internalPicoUsd).toBe((row.listCostNanoUsd - row.webSearchCostNanoUsd) * 1000n);
  });

  it('compares a cache write without a TTL as the 5-minute write it was priced as', () => {
    const row = ourRow({ atMs: DAY_1, tokens: some });
    const unsplit = { ...row, usage: { ...row.usage, cacheWriteUnsplitInputTokens: 40 } };
    const theirs = { ...some, cacheWrite5mInputTokens: 40 };
    const result = reconcile(
      input({ internal: [unsplit], ...billed([[DAY_1, theirRow({ tokens: theirs })]], []) }),
    );
    expect(result.verdicts.tokens).toBe('agrees');
  });

  it('leaves rows of partner clouds out of every total and names them', () => {
    const row = ourRow({ atMs: DAY_1, backend: 'bedrock', tokens: some });
    const result = reconcile(input({ internal: [row, row] }));
    expect(result.internalPicoUsd).toBe(0n);
    expect(result.elsewhere).toEqual([{ backend: 'bedrock', listCostPicoUsd: row.listCostNanoUsd * 2000n }]);
  });

  it('never drops a cost: a new kind is a line and a cause by its name, one without a kind is residual', () => {
    const novel = costRow(77n, { cost_type: 'quantum_usage' });
    const result = reconcile(input(billed([], [novel, costRow(5n)])));
    expect(result.variances.map(({ costType, billedPicoUsd }) => [costType, billedPicoUsd])).toEqual([
      ['quantum_usage', 77n],
      ['unstated', 5n],
    ]);
    expect(result.causes).toMatchObject([
      { cause: 'unknown_cost_type', amountPicoUsd: 77n, evidence: [{ description: 'quantum_usage' }] },
    ]);
    expect(result.residualPicoUsd).toBe(5n);
  });
});

describe('a day', () => {
  it.each([
    ['open', DAY_1 + DAY_MS + 3_599_999],
    ['provisional', DAY_1 + DAY_MS + 3_600_000],
    ['provisional', DAY_1 + 31 * DAY_MS - 1],
    ['settled', DAY_1 + 31 * DAY_MS],
  ])('is %s at %i', (state, nowMs) => {
    expect(reconcile(input({ nowMs })).days).toEqual([{ dayMs: DAY_1, state }]);
  });
});

it('says which counts of the provider it has no column for', () => {
  const row = { ...theirRow({ tokens: some }), unknownCounts: { audio_tokens: 4 } };
  const other = { ...theirRow({ tokens: some, apiKeyId: 'key_2' }), unknownCounts: { audio_tokens: 3 } };
  const { caveats } = reconcile(
    input(
      billed(
        [
          [DAY_1, row],
          [DAY_1, other],
        ],
        [],
      ),
    ),
  );
  expect(caveats).toEqual([
    { caveat: 'unknown_counts', detail: expect.stringContaining('7 of "audio_tokens"') },
  ]);
});
