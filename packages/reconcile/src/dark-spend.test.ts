import { describe, expect, it } from 'vitest';
import {
  billed,
  DAY_1,
  DAY_MS,
  input,
  ourRow,
  price,
  reconcile,
  stretch,
  suspectsIn,
  theirRow,
  tokenCost,
  tokens,
  usageBuckets,
} from './testing/made-input.ts';

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

describe('unmetered_key', () => {
  it('is usage on a key of which there is no row, at list price, and explains its tokens too', () => {
    const result = reconcile(
      input({
        internal: [ourRow({ atMs: DAY_1, tokens: some })],
        ...billed(
          [
            [DAY_1, theirRow({ tokens: some })],
            [DAY_1, theirRow({ apiKeyId: 'key_9', tokens: some })],
          ],
          [tokenCost(2n * exactPicoUsd)],
        ),
      }),
    );
    expect(causeIn(result, 'unmetered_key')).toMatchObject({
      amountPicoUsd: exactPicoUsd,
      evidence: [{ apiKeyId: 'key_9', model: 'claude-a', dayMs: DAY_1, actual: { tokens: some } }],
    });
    expect(result.residualPicoUsd).toBe(0n);
    expect(result.verdicts).toMatchObject({ tokens: 'explained', money: 'explained' });
  });

  it('is told with the workspace of the key where it has only one, since a team may be listed by that', () => {
    const workspacesOf = (...workspaceIds: string[]) => {
      const rows = workspaceIds.map((workspaceId) =>
        theirRow({ apiKeyId: 'key_9', workspaceId, tokens: some }),
      );
      const usageByWorkspace = usageBuckets(
        DAY_1,
        DAY_MS,
        1,
        rows.map((row) => [DAY_1, row]),
      );
      const dark = rows.map(() => theirRow({ apiKeyId: 'key_9', tokens: some }));
      const day = billed(
        dark.map((row) => [DAY_1, row]),
        [tokenCost(BigInt(rows.length) * exactPicoUsd)],
      );
      return causeIn(reconcile(input({ ...day, usageByWorkspace })), 'unmetered_key')?.byKey;
    };
    const amountPicoUsd = exactPicoUsd;
    expect(workspacesOf('wrkspc_9')).toEqual([{ apiKeyId: 'key_9', workspaceId: 'wrkspc_9', amountPicoUsd }]);
    expect(workspacesOf('wrkspc_9', 'wrkspc_8')).toEqual([
      { apiKeyId: 'key_9', workspaceId: null, amountPicoUsd: 2n * amountPicoUsd },
    ]);
  });

  it('is also usage without any key, as from the playground', () => {
    const result = reconcile(input(billed([[DAY_1, theirRow({ apiKeyId: null, tokens: some })]], [])));
    expect(causeIn(result, 'unmetered_key')?.evidence).toMatchObject([{ apiKeyId: null }]);
  });

  it('is never a key that has rows of ours, however few: then it is a narrower place, or a difference', () => {
    const failed = ourRow({ atMs: DAY_1, tokens: tokens({}) });
    const result = reconcile(
      input({
        internal: [failed],
        ...billed([[DAY_1, theirRow({ tokens: some })]], [tokenCost(exactPicoUsd)]),
      }),
    );
    expect(causeIn(result, 'unmetered_key')).toBeUndefined();
    expect(result.residualPicoUsd).toBe(exactPicoUsd);
  });

  it('is not claimed where rows of ours on the model have no known key: it could be the same usage', () => {
    const result = reconcile(
      input({
        internal: [ourRow({ atMs: DAY_1, apiKeyId: '', tokens: some })],
        ...billed([[DAY_1, theirRow({ apiKeyId: 'key_9', tokens: some })]], [tokenCost(exactPicoUsd)]),
      }),
    );
    expect(causeIn(result, 'unmetered_key')).toBeUndefined();
    expect(result.unexplained).toMatchObject([
      { cause: 'unmetered_key', reason: 'own_keys_unknown', apiKeyId: 'key_9' },
    ]);
    expect(result.residualPicoUsd).toBe(0n);
  });

  it('stays unexplained where a sum over requests does not tell the price band', () => {
    const long = tokens({ uncachedInputTokens: 5000 });
    const result = reconcile(
      input(
        billed(
          [[DAY_1, theirRow({ apiKeyId: 'key_9', model: 'banded', tokens: long })]],
          [tokenCost(1n, 'banded')],
        ),
      ),
    );
    expect(result.unexplained).toMatchObject([{ reason: 'price_ambiguous', model: 'banded' }]);
    expect(result.residualPicoUsd).toBe(1n);
  });

  it('prices a sum below the band threshold, and one whose every prompt was beyond it', () => {
    const short = theirRow({
      apiKeyId: 'key_9',
      model: 'banded',
      tokens: tokens({ uncachedInputTokens: 900 }),
    });
    const longTokens = tokens({ uncachedInputTokens: 250_000 });
    const long = theirRow({
      apiKeyId: 'key_8',
      model: 'banded',
      contextWindow: '200k-1M',
      tokens: longTokens,
    });
    const { evidence = [] } =
      causeIn(
        reconcile(
          input(
            billed(
              [
                [DAY_1, short],
                [DAY_1, long],
              ],
              [],
            ),
          ),
        ),
        'unmetered_key',
      ) ?? {};
    expect(evidence.map(({ apiKeyId, amountPicoUsd }) => [apiKeyId, amountPicoUsd])).toEqual([
      ['key_8', 500_000n * 1_000_001n],
      ['key_9', 900n * 1_000_001n],
    ]);
  });

  it('stays unexplained where the model has no price: a guess proves nothing', () => {
    const result = reconcile(
      input(billed([[DAY_1, theirRow({ apiKeyId: 'key_9', model: 'unknown-model', tokens: some })]], [])),
    );
    expect(result.unexplained).toMatchObject([{ reason: 'price_ambiguous', model: 'unknown-model' }]);
  });

  it('on priority capacity explains tokens and no money, for none is billed', () => {
    const row = theirRow({ apiKeyId: 'key_9', serviceTier: 'priority_on_demand', tokens: some });
    const result = reconcile(input(billed([[DAY_1, row]], [])));
    expect(causeIn(result, 'unmetered_key')?.amountPicoUsd).toBe(0n);
    expect(result).toMatchObject({ residualPicoUsd: 0n, verdicts: { tokens: 'explained', money: 'agrees' } });
  });
});

describe('a metered key', () => {
  const mine = ourRow({ atMs: DAY_1, tokens: some });

  it('is dark on a model of which it has no row', () => {
    const result = reconcile(
      input({
        internal: [mine],
        ...billed(
          [
            [DAY_1, theirRow({ tokens: some })],
            [DAY_1, theirRow({ model: 'claude-b', tokens: some })],
          ],
          [tokenCost(exactPicoUsd), tokenCost(exactPicoUsd, 'claude-b')],
        ),
      }),
    );
    expect(causeIn(result, 'unmetered_model')).toMatchObject({
      amountPicoUsd: exactPicoUsd,
      evidence: [{ apiKeyId: 'key_1', model: 'claude-b' }],
    });
    expect(result).toMatchObject({ residualPicoUsd: 0n, verdicts: { tokens: 'explained' } });
    expect(result.coverage).toMatchObject({ darkPicoUsd: exactPicoUsd, percent: 50 });
  });

  const spread = (internal: ReturnType<typeof ourRow>[]) =>
    reconcile(
      input({
        internal,
        ...billed(
          [[DAY_1, theirRow({ tokens: tokens({ uncachedInputTokens: 200, outputTokens: 14 }) })]],
          [tokenCost(2n * exactPicoUsd)],
        ),
        usageByWorkspace: usageBuckets(DAY_1, DAY_MS, 1, [
          [DAY_1, theirRow({ workspaceId: 'wrkspc_1', tokens: some })],
          [DAY_1, theirRow({ workspaceId: 'wrkspc_2', tokens: some })],
        ]),
      }),
    );

  it('is dark in a workspace of which it has no row, and only there', () => {
    const result = spread([mine]);
    expect(causeIn(result, 'unmetered_workspace')).toMatchObject({
      amountPicoUsd: exactPicoUsd,
      evidence: [{ apiKeyId: 'key_1', workspaceId: 'wrkspc_2', actual: { tokens: some } }],
    });
    expect(result).toMatchObject({ residualPicoUsd: 0n, verdicts: { tokens: 'explained' } });
  });

  it('is not dark in any workspace while rows of its own do not say where they were', () => {
    const unsure = { ...mine, group: { ...mine.group, workspaceId: '' } };
    expect(spread([mine, unsure]).causes.map(({ cause }) => cause)).toEqual(['rounding']);
  });

  it('is dark on a day of which it has no row', () => {
    const result = reconcile(
      input({
        toMs: DAY_1 + 2 * DAY_MS,
        internal: [mine],
        usage: usageBuckets(DAY_1, DAY_MS, 2, [
          [DAY_1, theirRow({ tokens: some })],
          [DAY_1 + DAY_MS, theirRow({ tokens: some })],
        ]),
        costs: [{ startMs: DAY_1, endMs: DAY_1 + DAY_MS, rows: [tokenCost(2n * exactPicoUsd)] }],
      }),
    );
    expect(causeIn(result, 'unmetered_hours')?.evidence).toMatchObject([
      { dayMs: DAY_1 + DAY_MS, toMs: DAY_1 + 2 * DAY_MS, actual: { amountPicoUsd: exactPicoUsd } },
    ]);
    expect(result.residualPicoUsd).toBe(0n);
  });

  it('is counted once where minutes of a dark day are read for the sake of another key', () => {
    const result = reconcile(
      input({
        toMs: DAY_1 + 2 * DAY_MS,
        internal: [mine],
        usage: usageBuckets(DAY_1, DAY_MS, 2, [
          [DAY_1, theirRow({ tokens: some })],
          [DAY_1 + DAY_MS, theirRow({ tokens: some })],
        ]),
        costs: [{ startMs: DAY_1, endMs: DAY_1 + DAY_MS, rows: [tokenCost(2n * exactPicoUsd)] }],
        minutes: [stretch([], [[700, { tokens: some }]], DAY_1 + DAY_MS)],
      }),
    );
    expect(causeIn(result, 'unmetered_hours')).toMatchObject({ amountPicoUsd: exactPicoUsd, places: 1 });
    expect(result.residualPicoUsd).toBe(0n);
  });

  it('is not dark at the end of the range where a row of ours stands just outside of it', () => {
    const outside = { atMs: DAY_1 + DAY_MS, tokens: some };
    const world = input({
      internal: [ourRow({ atMs: DAY_1 - 5 * DAY_MS, tokens: tokens({}) })],
      outside: [ourRow(outside)],
      ...billed([[DAY_1, theirRow({ tokens: some })]], [tokenCost(exactPicoUsd)]),
    });
    expect(suspectsIn(world).minutes).toMatchObject([{ dayMs: DAY_1, apiKeyId: 'key_1' }]);
    const slipped = stretch([[1440, { tokens: some }]], [[1439, { tokens: some }]]);
    const result = reconcile({ ...world, minutes: [{ ...slipped, toMs: slipped.toMs + 120_000 }] });
    expect(result.causes).toMatchObject([{ cause: 'bucket_edge', amountPicoUsd: exactPicoUsd }]);
    expect(result.residualPicoUsd).toBe(0n);
  });

  const hours = (theirMinute: number, gaps: { fromSeq: number; toSeq: number }[] = []) => {
    const both = tokens({ uncachedInputTokens: 200, outputTokens: 14 });
    return reconcile(
      input({
        internal: [mine],
        ...billed([[DAY_1, theirRow({ tokens: both })]], [tokenCost(2n * exactPicoUsd)]),
        minutes: [
          stretch(
            [[600, { tokens: some }]],
            [
              [600, { tokens: some }],
              [theirMinute, { tokens: some }],
            ],
          ),
        ],
        gaps: gaps.map((gap) => ({ epoch: 'e', beforeMs: DAY_1, afterMs: DAY_1 + DAY_MS, ...gap })),
      }),
    );
  };

  it('is dark in an hour of which it has no row', () => {
    const result = hours(700);
    expect(causeIn(result, 'unmetered_hours')?.evidence).toMatchObject([
      { fromMs: DAY_1 + 700 * 60_000, model: 'claude-a', actual: { tokens: some } },
    ]);
    expect(result).toMatchObject({ residualPicoUsd: 0n, verdicts: { tokens: 'explained' } });
  });

  it('is not dark in an hour of which it has a row: that is usage without a row, and nothing proves why', () => {
    const result = hours(640);
    expect(result.unexplained).toMatchObject([{ cause: 'missing_rows', reason: 'no_row' }]);
    expect(result.residualPicoUsd).toBe(exactPicoUsd);
  });

  it('is perhaps not dark where settlement numbers are missing: both are named, with the sum', () => {
    const result = hours(700, [{ fromSeq: 5, toSeq: 9 }]);
    expect(causeIn(result, 'ambiguous')).toMatchObject({
      between: ['missing_rows', 'unmetered_hours'],
      amountPicoUsd: exactPicoUsd,
    });
    expect(result.residualPicoUsd).toBe(0n);
  });
});
