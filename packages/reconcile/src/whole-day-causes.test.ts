import { describe, expect, it } from 'vitest';
import { reconcile } from './reconcile.ts';
import {
  billed,
  costRow,
  DAY_1,
  input,
  ourRow,
  price,
  theirRow,
  tokenCost,
  tokens,
} from './testing/made-input.ts';

const some = tokens({ uncachedInputTokens: 100, outputTokens: 7 });
const exactPicoUsd =
  price({ model: 'claude-a', atMs: 0, tokens: some, serviceTier: 'standard', inferenceGeo: null }) ?? 0n;
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
    expect(result.verdicts).toEqual({ tokens: 'explained', money: 'explained' });
  });

  it('is also usage without any key, as from the playground', () => {
    const result = reconcile(input(billed([[DAY_1, theirRow({ apiKeyId: null, tokens: some })]], [])));
    expect(causeIn(result, 'unmetered_key')?.evidence).toMatchObject([{ apiKeyId: null }]);
  });

  it('is never a key that has rows of ours, however few: those are a difference', () => {
    const failed = ourRow({ atMs: DAY_1, model: 'claude-b', tokens: tokens({}) });
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
    expect(evidence.map(({ amountPicoUsd }) => amountPicoUsd)).toEqual([
      900n * 1_000_001n,
      500_000n * 1_000_001n,
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

describe('unmetered_product', () => {
  it.each(['code_execution', 'session_usage'])('is a line of %s as it was billed', (costType) => {
    const row = costRow(250n, { cost_type: costType, description: 'Code Execution Usage' });
    const result = reconcile(input(billed([], [row])));
    expect(causeIn(result, 'unmetered_product')).toMatchObject({
      amountPicoUsd: 250n,
      evidence: [{ description: 'Code Execution Usage' }],
    });
    expect(result.residualPicoUsd).toBe(0n);
  });
});

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
    expect(result.verdicts).toEqual({ tokens: 'agrees', money: 'explained' });
  });
});
