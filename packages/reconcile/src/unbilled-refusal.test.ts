import { describe, expect, it } from 'vitest';
import {
  billed,
  costRow,
  DAY_1,
  input,
  ourRow,
  price,
  reconcile,
  suspectsIn,
  theirRow,
  tokens,
} from './testing/made-input.ts';

const some = tokens({ uncachedInputTokens: 100, outputTokens: 7 });
const exactOf = (counts = some) =>
  price({ model: 'claude-a', atMs: 0, tokens: counts, serviceTier: null, inferenceGeo: null, speed: null }) ??
  0n;
const twice = tokens({ uncachedInputTokens: 200, outputTokens: 14 });
const refused = { atMs: DAY_1, tokens: some, status: 'refused' };
const whole = { atMs: DAY_1, tokens: some };
const cell = {
  cost_type: 'tokens',
  api_key_id: 'key_1',
  model: 'claude-a',
  service_tier: 'standard',
  inference_geo: 'global',
  context_window: '0-200k',
};

/** Two calls in the usage report, one of them refused; the bill holds what the test says. */
function world(rows: Parameters<typeof ourRow>[0][], billedPicoUsd: bigint, apiKeyId = 'key_1') {
  return input({
    internal: rows.map(ourRow),
    charges: rows.map(ourRow),
    ...billed(
      [[DAY_1, theirRow({ tokens: twice, apiKeyId })]],
      billedPicoUsd === 0n
        ? [costRow(0n, { ...cell, api_key_id: 'key_2' })]
        : [costRow(billedPicoUsd, { ...cell, api_key_id: apiKeyId })],
    ),
  });
}
const causeIn = (result: ReturnType<typeof reconcile>) =>
  result.causes.find(({ cause }) => cause === 'unbilled_refusal');

describe('a refusal that is counted and not billed', () => {
  it('takes back what we charged for it', () => {
    const result = reconcile(world([whole, refused], exactOf()));
    expect(causeIn(result)).toMatchObject({ amountPicoUsd: -exactOf(), attempts: 1 });
    expect(result).toMatchObject({ residualPicoUsd: 0n, verdicts: { tokens: 'agrees', money: 'explained' } });
  });

  it('takes it back on a day on which nothing else was used, so that the bill has no line of tokens', () => {
    const rows = [ourRow(refused)];
    const usage = billed([[DAY_1, theirRow({ tokens: some })]], []);
    const result = reconcile(input({ internal: rows, charges: rows, ...usage }));
    expect(causeIn(result)).toMatchObject({ amountPicoUsd: -exactOf(), attempts: 1 });
    expect(result.residualPicoUsd).toBe(0n);
  });

  it('is no cause where we charged nothing for it either', () => {
    const free = { ...refused, exactPicoUsd: 0n, priceId: '' };
    const result = reconcile(world([whole, free], exactOf()));
    expect(causeIn(result)).toBeUndefined();
    expect(result.residualPicoUsd).toBe(0n);
  });

  it('is not claimed where something else than our refusals is missing from the bill', () => {
    const result = reconcile(world([whole, refused], exactOf() - 1n));
    expect(causeIn(result)).toBeUndefined();
    expect(result.residualPicoUsd).not.toBe(0n);
  });

  it('of a key that no meter sits on is usage without any cost', () => {
    const result = reconcile(world([], 0n, 'key_9'));
    expect(causeIn(result)?.amountPicoUsd).toBe(-2n * exactOf());
    expect(result.residualPicoUsd).toBe(0n);
  });

  it('makes its day and model be read by outcome', () => {
    expect(suspectsIn(world([whole, refused], exactOf())).charges).toEqual([
      { dayMs: DAY_1, responseModels: ['claude-a'] },
    ]);
  });
});

describe('in the cost report that names no key', () => {
  const line = { cost_type: 'tokens', model: 'claude-a', token_type: 'output_tokens' };
  const ofTwoKeys = (billedPicoUsd: bigint) => {
    const rows = [
      ourRow(whole),
      ourRow(refused),
      ourRow({ ...refused, apiKeyId: 'key_2' }),
      ourRow({ ...whole, apiKeyId: 'key_2' }),
    ];
    return input({
      internal: rows,
      charges: rows,
      ...billed(
        [
          [DAY_1, theirRow({ tokens: twice })],
          [DAY_1, theirRow({ tokens: twice, apiKeyId: 'key_2' })],
        ],
        [costRow(billedPicoUsd, line)],
      ),
    });
  };

  it('what is missing of a model is proved by the refused rows of all keys together, and told by key', () => {
    const result = reconcile(ofTwoKeys(2n * exactOf()));
    expect(causeIn(result)).toMatchObject({
      amountPicoUsd: -2n * exactOf(),
      byKey: [
        { apiKeyId: 'key_1', amountPicoUsd: -exactOf() },
        { apiKeyId: 'key_2', amountPicoUsd: -exactOf() },
      ],
    });
    expect(result.residualPicoUsd).toBe(0n);
  });

  it('nothing is claimed where the bill may be net of something else, too, and that is said', () => {
    const result = reconcile(ofTwoKeys((2n * exactOf() * 93n) / 100n));
    expect(causeIn(result)).toBeUndefined();
    expect(result.unexplained).toMatchObject([
      { cause: 'unbilled_refusal', reason: 'bill_without_keys', attempts: 2 },
    ]);
  });
});
