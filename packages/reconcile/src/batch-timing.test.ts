import { describe, expect, it } from 'vitest';
import {
  comparedIn,
  DAY_1,
  DAY_MS,
  input,
  ourRow,
  price,
  reconcile,
  suspectsIn,
  theirRow,
  tokenCost,
  tokens,
  usageBuckets,
} from './testing/made-input.ts';

const some = tokens({ uncachedInputTokens: 100, outputTokens: 7 });
const exactOf = (counts = some) =>
  price({ model: 'claude-a', atMs: 0, tokens: counts, serviceTier: null, inferenceGeo: null, speed: null }) ??
  0n;
const batch = { tokens: some, serviceTier: 'batch' };

function counted(onDay: number, seen = some, days = 3) {
  return input({
    toMs: DAY_1 + days * DAY_MS,
    nowMs: DAY_1 + 9 * DAY_MS,
    internal: [ourRow({ ...batch, atMs: DAY_1 })],
    usage: usageBuckets(DAY_1, DAY_MS, days, [
      [DAY_1 + onDay * DAY_MS, theirRow({ ...batch, tokens: seen })],
    ]),
    costs: [{ startMs: DAY_1, endMs: DAY_1 + DAY_MS, rows: [tokenCost(exactOf())] }],
  });
}

describe('a batch that ended near midnight', () => {
  it('is missing on one day, over on the next, and nothing in sum', () => {
    const result = reconcile(counted(1));
    expect(result.causes.find(({ cause }) => cause === 'batch_timing')).toMatchObject({
      amountPicoUsd: 0n,
      evidence: [
        { dayMs: DAY_1, amountPicoUsd: -exactOf() },
        { dayMs: DAY_1 + DAY_MS, amountPicoUsd: exactOf() },
      ],
    });
    expect(result).toMatchObject({ residualPicoUsd: 0n, verdicts: { tokens: 'explained' } });
  });

  it.each([
    ['two days later', counted(2)],
    ['by one token less', counted(1, tokens({ uncachedInputTokens: 99, outputTokens: 7 }))],
  ])('is no such thing when it is counted %s', (_what, world) => {
    const result = reconcile(world);
    expect(result.causes.map(({ cause }) => cause)).not.toContain('batch_timing');
    expect(result.verdicts.tokens).toBe('differs');
    expect(suspectsIn(world).minutes.map(({ apiKeyId }) => apiKeyId)).toContain('key_1');
  });

  it('is found on the day beside the range, and only the side within it is on this bill', () => {
    const world = counted(9);
    const [ours] = comparedIn(counted(9)).differing;
    if (ours === undefined) throw new Error('nothing differs');
    const open = suspectsIn(world).openBatchDays;
    expect([...open]).toEqual([DAY_1]);
    const theirs = { ...ours, dayMs: DAY_1 - DAY_MS, difference: some };
    const result = reconcile({ ...world, beside: [theirs] });
    expect(result.causes.find(({ cause }) => cause === 'batch_timing')).toMatchObject({
      amountPicoUsd: -exactOf(),
      evidence: [{ dayMs: DAY_1, description: 'counted by the provider on a day beside' }],
    });
    expect(result.verdicts.tokens).toBe('explained');
  });
});
