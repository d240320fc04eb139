import { describe, expect, it } from 'vitest';
import type { ReconcileInput } from './reconcile-input.ts';
import {
  billed,
  costRow,
  DAY_1,
  DAY_MS,
  input,
  MINUTE_MS,
  ourRow,
  price,
  reconcile,
  stretch,
  theirRow,
  tokenCost,
  tokens,
} from './testing/made-input.ts';
import { waterfallOf } from './waterfall.ts';

/** Ours: an aborted call that was charged for 10 output tokens. Theirs: it was 25. */
const guessed = tokens({ uncachedInputTokens: 100, outputTokens: 10 });
const truth = tokens({ uncachedInputTokens: 100, outputTokens: 25 });
const other = tokens({ uncachedInputTokens: 3, cacheReadInputTokens: 50, outputTokens: 4 });
const costOf = (counts: typeof truth, inferenceGeo: string | null = null, model = 'claude-a') =>
  price({ model, atMs: 0, tokens: counts, serviceTier: null, inferenceGeo, speed: null }) ?? 0n;

const aborted = { basis: 'estimated' as const, tokens: guessed };

function judge(
  ours: Parameters<typeof stretch>[0],
  theirs: Parameters<typeof stretch>[1],
  changes: Partial<ReconcileInput> = {},
) {
  // What days say is not what this cause reads: they only tell which keys and models are ours.
  const internal = ours.map(([, row]) => ourRow({ ...row, atMs: DAY_1 }));
  const { causes, unexplained } = reconcile(
    input({ internal, minutes: [stretch(ours, theirs)], ...changes }),
  );
  return { evidence: causes.find(({ cause }) => cause === 'aborted_estimate')?.evidence ?? [], unexplained };
}

describe('an aborted attempt from one day into the next', () => {
  const dearer: typeof price = (asked) => (price(asked) ?? 0n) * (asked.atMs < DAY_1 ? 1n : 3n);
  const over = { ...aborted, startedMs: DAY_1 - 1 };

  it('is explained as any other where both days have one price', () => {
    const { evidence } = judge([[2, over]], [[2, { tokens: truth }]]);
    expect(evidence).toMatchObject([{ amountPicoUsd: costOf(truth) - costOf(guessed) }]);
  });

  it('is not where prices change in between, and nothing says which of them the provider takes', () => {
    const { evidence, unexplained } = judge([[2, over]], [[2, { tokens: truth }]], { price: dearer });
    expect(evidence).toEqual([]);
    expect(unexplained).toMatchObject([{ cause: 'aborted_estimate', reason: 'price_ambiguous' }]);
  });
});

describe('an aborted attempt alone in its minute', () => {
  it('is explained by the true tokens of that minute, priced, minus what we charged exactly', () => {
    const { evidence, unexplained } = judge([[600, aborted]], [[600, { tokens: truth }]]);
    expect(evidence).toEqual([
      {
        dayMs: DAY_1,
        fromMs: DAY_1 + 600 * MINUTE_MS,
        toMs: DAY_1 + 601 * MINUTE_MS,
        model: 'claude-a',
        apiKeyId: 'key_1',
        workspaceId: null,
        attempts: 1,
        description: null,
        charged: { tokens: guessed, amountPicoUsd: costOf(guessed) },
        actual: { tokens: truth, amountPicoUsd: costOf(truth) },
        amountPicoUsd: costOf(truth) - costOf(guessed),
      },
    ]);
    expect(unexplained).toEqual([]);
  });

  it('is found in the minute beside, where the provider may have counted it', () => {
    for (const minute of [599, 601]) {
      const { evidence } = judge([[600, aborted]], [[minute, { tokens: truth }]]);
      expect(evidence).toMatchObject([{ actual: { tokens: truth } }]);
    }
  });

  it('is explained together with others of its kind, and on the terms of the bucket', () => {
    const { evidence } = judge(
      [
        [600, { ...aborted, attempts: 2 }],
        [601, aborted],
      ],
      [
        [600, { tokens: truth, inferenceGeo: 'us' }],
        [601, { tokens: truth }],
      ],
    );
    expect(evidence).toMatchObject([
      { attempts: 3, amountPicoUsd: costOf(truth, 'us') + costOf(truth) - 2n * costOf(guessed) },
    ]);
  });

  it('is explained beside minutes of reported rows that match the provider in every class', () => {
    const ours: Parameters<typeof stretch>[0] = [
      [599, { tokens: other }],
      [600, aborted],
      [601, { tokens: other }],
    ];
    const { evidence } = judge(ours, [
      [599, { tokens: other }],
      [600, { tokens: truth }],
      [601, { tokens: other }],
    ]);
    expect(evidence).toMatchObject([
      { actual: { tokens: truth }, amountPicoUsd: costOf(truth) - costOf(guessed) },
    ]);
  });

  it.each([
    ['the same minute', 600, 600],
    ['the minute beside, and part of it leaked', 601, 600],
  ])(
    'is what is left beyond the reported rows of %s: the run around both matches',
    (_where, minute, seen) => {
      const both = tokens({ uncachedInputTokens: 103, cacheReadInputTokens: 50, outputTokens: 29 });
      const ours: Parameters<typeof stretch>[0] = [
        [600, aborted],
        [minute, { tokens: other }],
      ];
      expect(judge(ours, [[seen, { tokens: both }]]).evidence).toMatchObject([
        { actual: { tokens: truth }, amountPicoUsd: costOf(truth) - costOf(guessed) },
      ]);
    },
  );

  it('is not disturbed by rows that used nothing, other models, other keys and priority capacity', () => {
    const { evidence, unexplained } = judge(
      [
        [600, aborted],
        [600, { tokens: tokens({}) }],
        [600, { tokens: other, model: 'claude-b' }],
        [600, { tokens: other, apiKeyId: 'key_2' }],
        [600, { tokens: other, serviceTier: 'priority' }],
      ],
      [
        [600, { tokens: truth }],
        [600, { tokens: other, model: 'claude-b' }],
        [600, { tokens: other, apiKeyId: 'key_2' }],
        [600, { tokens: other, serviceTier: 'priority' }],
      ],
    );
    expect(evidence).toMatchObject([{ amountPicoUsd: costOf(truth) - costOf(guessed) }]);
    expect(unexplained).toEqual([]);
  });

  it('that the provider never counted was free: everything around it is accounted for', () => {
    const { evidence } = judge(
      [
        [600, aborted],
        [700, { tokens: other }],
      ],
      [[700, { tokens: other }]],
    );
    expect(evidence).toMatchObject([{ amountPicoUsd: -costOf(guessed), actual: { amountPicoUsd: 0n } }]);
  });

  it('alone with a long prompt is priced in the band of that prompt', () => {
    const long = tokens({ uncachedInputTokens: 1500 });
    const { evidence } = judge(
      [[600, { basis: 'estimated', model: 'banded', tokens: long }]],
      [[600, { model: 'banded', tokens: tokens({ uncachedInputTokens: 1500, outputTokens: 1 }) }]],
    );
    expect(evidence[0]?.actual.amountPicoUsd).toBe(
      costOf(tokens({ uncachedInputTokens: 1500, outputTokens: 1 }), null, 'banded'),
    );
  });
});

describe('an estimate is left unexplained, and listed,', () => {
  const reasonsOf = (...args: Parameters<typeof judge>) => {
    const { evidence, unexplained } = judge(...args);
    expect(evidence).toEqual([]);
    return unexplained.map(({ reason }) => reason);
  };

  it('in a minute that holds less than the reported row in it: that row is somewhere else', () => {
    const ours: Parameters<typeof stretch>[0] = [
      [600, aborted],
      [600, { tokens: other }],
    ];
    expect(reasonsOf(ours, [[600, { tokens: truth }]])).toEqual(['shared_bucket']);
  });

  it('when the provider shows nothing there and something unaccounted for elsewhere on the key', () => {
    expect(reasonsOf([[600, aborted]], [[640, { tokens: truth }]])).toEqual(['not_reported', 'no_row']);
    const ours: Parameters<typeof stretch>[0] = [
      [600, aborted],
      [700, { tokens: other }],
    ];
    expect(reasonsOf(ours, [[700, { tokens: truth }]])).toEqual(['not_reported', 'not_reported']);
  });

  it('when its key is unknown', () => {
    const ours: Parameters<typeof stretch>[0] = [[600, { ...aborted, apiKeyId: '' }]];
    expect(reasonsOf(ours, [[600, { tokens: truth }]])).toEqual(['key_unknown']);
  });

  it('at the edge of what was read, where its usage may lie outside', () => {
    expect(reasonsOf([[0, aborted]], [[0, { tokens: truth }]])).toEqual(['at_edge']);
    expect(reasonsOf([[1439, aborted]], [[1439, { tokens: truth }]])).toEqual(['at_edge']);
  });

  it('while the provider may not have shown it yet', () => {
    const nowMs = DAY_1 + 605 * MINUTE_MS;
    expect(reasonsOf([[600, aborted]], [[600, { tokens: truth }]], { nowMs })).toEqual(['too_fresh']);
  });

  it('when our charge does not follow from our tokens: it was made on terms the minutes do not show', () => {
    const fast = { ...aborted, exactPicoUsd: 2n * costOf(guessed) };
    expect(reasonsOf([[600, fast]], [[600, { tokens: truth }]])).toEqual(['charge_not_reproduced']);
  });

  it('when several prompts make a sum that does not tell the price band', () => {
    const two = {
      basis: 'estimated' as const,
      model: 'banded',
      attempts: 2,
      tokens: tokens({ uncachedInputTokens: 1200 }),
    };
    const theirs = { model: 'banded', tokens: tokens({ uncachedInputTokens: 1200 }) };
    expect(reasonsOf([[600, two]], [[600, theirs]])).toEqual(['price_ambiguous']);
  });
});

it('one that was trued up costs what the provider counted: nothing is left to say or to do, but its tokens', () => {
  const ours: Parameters<typeof stretch>[0] = [[600, { ...aborted, exactPicoUsd: costOf(truth) }]];
  const internal = [ourRow({ ...aborted, atMs: DAY_1, exactPicoUsd: costOf(truth) })];
  const result = reconcile(
    input({
      ...{ internal, minutes: [stretch(ours, [[600, { tokens: truth }]])] },
      ...billed([[DAY_1, theirRow({ tokens: truth })]], [tokenCost(costOf(truth))]),
    }),
  );
  expect(result).toMatchObject({ residualPicoUsd: 0n, unexplained: [], verdicts: { tokens: 'explained' } });
  const step = waterfallOf(result).find((one) => one.step === 'aborted_estimate');
  expect(step).toMatchObject({ amountPicoUsd: 0n, nextAction: 'None needed: all of them are trued up.' });
});

it('today, the minute under way counts where the provider has no delay: there is nothing behind it to read', () => {
  const nowMs = DAY_1 + 600 * MINUTE_MS + 30_000;
  const day = stretch([[600, aborted]], [[600, { tokens: truth }]]);
  const open = { ...day, toMs: DAY_1 + 601 * MINUTE_MS, usage: day.usage.slice(0, 601) };
  const internal = [ourRow({ ...aborted, atMs: DAY_1 })];
  const run = (reportDelayMs: number) =>
    reconcile(input({ internal, minutes: [open], nowMs, reportDelayMs }));
  expect(run(MINUTE_MS).unexplained).toMatchObject([{ reason: 'too_fresh' }]);
  expect(run(0).causes.map(({ cause }) => cause)).toEqual(['rounding', 'aborted_estimate']);
});

it('the finding explains the tokens and the money of its day and model, together with rounding', () => {
  const minutes = [stretch([[600, aborted]], [[600, { tokens: truth }]])];
  const day = ourRow({ atMs: DAY_1, basis: 'estimated', tokens: guessed });
  const result = reconcile(
    input({
      minutes,
      internal: [day],
      usage: [
        {
          startMs: DAY_1,
          endMs: DAY_1 + DAY_MS,
          rows: minutes.flatMap(({ usage }) => usage.flatMap(({ rows }) => rows)),
        },
      ],
      costs: [{ startMs: DAY_1, endMs: DAY_1 + DAY_MS, rows: [costRow(costOf(truth))] }],
    }),
  );
  expect(result.verdicts).toMatchObject({ tokens: 'explained', money: 'explained' });
  expect(result.residualPicoUsd).toBe(0n);
});
