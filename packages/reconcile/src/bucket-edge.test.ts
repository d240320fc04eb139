import { describe, expect, it } from 'vitest';
import type { ReconcileInput } from './reconcile-input.ts';
import {
  DAY_1,
  DAY_MS,
  input,
  MINUTE_MS,
  ourRow,
  price,
  reconcile,
  theirRow,
  tokens,
  usageBuckets,
  type World,
} from './testing/made-input.ts';

const some = tokens({ uncachedInputTokens: 100, outputTokens: 7 });
const exactOf = (counts = some) =>
  price({ model: 'claude-a', atMs: 0, tokens: counts, serviceTier: null, inferenceGeo: null, speed: null }) ??
  0n;
const LAST = DAY_1 + DAY_MS - MINUTE_MS;
const NEXT = DAY_1 + DAY_MS;

/** A call that we saw end at 23:59 and the provider counts at 00:00. */
function acrossMidnight(changes: Partial<World> = {}) {
  const fromMs = LAST - 2 * MINUTE_MS;
  return reconcile(
    input({
      toMs: DAY_1 + 2 * DAY_MS,
      nowMs: DAY_1 + 4 * DAY_MS,
      internal: [ourRow({ atMs: DAY_1, tokens: some, exactPicoUsd: exactOf() })],
      usage: usageBuckets(DAY_1, DAY_MS, 2, [[NEXT, theirRow({ tokens: some })]]),
      costs: [],
      minutes: [
        {
          fromMs,
          toMs: NEXT + 10 * MINUTE_MS,
          apiKeyIds: ['key_1'],
          internal: [ourRow({ atMs: LAST, time: 'minute', tokens: some })],
          usage: usageBuckets(fromMs, MINUTE_MS, 13, [[NEXT, theirRow({ tokens: some })]]),
        },
      ],
      ...changes,
    }),
  );
}
const edgeOf = (result: ReturnType<typeof reconcile>) =>
  result.causes.find(({ cause }) => cause === 'bucket_edge');

describe('a call that the provider counts in the minute beside', () => {
  it('is missing on one day and over on the next, and nothing in sum', () => {
    const result = acrossMidnight();
    expect(edgeOf(result)).toMatchObject({
      amountPicoUsd: 0n,
      evidence: [
        { dayMs: DAY_1, amountPicoUsd: -exactOf() },
        { dayMs: NEXT, amountPicoUsd: exactOf() },
      ],
    });
    expect(result.verdicts.tokens).toBe('explained');
  });

  it('is paid at the price of the day on which it is counted', () => {
    const dearer: typeof price = (question) => {
      const amountPicoUsd = price(question);
      return amountPicoUsd === null || question.atMs < NEXT ? amountPicoUsd : 3n * amountPicoUsd;
    };
    expect(edgeOf(acrossMidnight({ price: dearer }))?.amountPicoUsd).toBe(2n * exactOf());
  });

  it('is not on the bill of a range that ends in between', () => {
    const result = acrossMidnight({ toMs: NEXT, usage: usageBuckets(DAY_1, DAY_MS, 1, []) });
    expect(edgeOf(result)?.amountPicoUsd).toBe(-exactOf());
    expect(result.verdicts.tokens).toBe('explained');
  });
});

it('what the provider does not show yet is provisional, as far as it is that recent', () => {
  const fresh = acrossMidnight({
    nowMs: NEXT,
    toMs: NEXT,
    usage: usageBuckets(DAY_1, DAY_MS, 1, []),
    minutes: acrossMinutes(),
  });
  expect(fresh.causes.find(({ cause }) => cause === 'provisional')?.amountPicoUsd).toBe(-exactOf());
  expect(fresh.verdicts.tokens).toBe('explained');
});

function acrossMinutes(): ReconcileInput['minutes'] {
  return [
    {
      fromMs: DAY_1,
      toMs: NEXT,
      apiKeyIds: ['key_1'],
      internal: [ourRow({ atMs: LAST, time: 'minute', tokens: some })],
      usage: usageBuckets(DAY_1, MINUTE_MS, 1440, []),
    },
  ];
}
