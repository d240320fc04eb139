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
          fastUsage: null,
          completeToMs: null,
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

describe('a call that the provider does not show', () => {
  const NOON = DAY_1 + 720 * MINUTE_MS;
  const unseen = (changes: Partial<ReconcileInput> = {}, theirs: [number, typeof some][] = []) =>
    acrossMidnight({
      toMs: NEXT,
      usage: usageBuckets(
        DAY_1,
        DAY_MS,
        1,
        theirs.map(([, counts]) => [DAY_1, theirRow({ tokens: counts })]),
      ),
      minutes: acrossMinutes(theirs),
      ...changes,
    });
  const provisionalOf = ({ causes }: ReturnType<typeof reconcile>) =>
    causes.find(({ cause }) => cause === 'provisional');

  it('is provisional while its minute is that recent', () => {
    const fresh = unseen({ nowMs: NEXT });
    expect(provisionalOf(fresh)?.amountPicoUsd).toBe(-exactOf());
    expect(fresh.verdicts.tokens).toBe('explained');
  });

  it('is provisional where the analytics have not come that far, however old it is', () => {
    const [whole] = acrossMinutes();
    if (whole === undefined) throw new Error('no minutes');
    const result = unseen({ nowMs: NEXT + 40 * DAY_MS, minutes: [{ ...whole, completeToMs: NOON }] });
    expect(provisionalOf(result)?.amountPicoUsd).toBe(-exactOf());
  });

  it('is provisional while figures of its day may be revised, and is not once they are final', () => {
    const early = unseen({ nowMs: NEXT + 29 * DAY_MS });
    expect(provisionalOf(early)).toMatchObject({ amountPicoUsd: -exactOf(), places: 1 });
    expect(early.verdicts.tokens).toBe('explained');
    const final = unseen({ nowMs: NEXT + 30 * DAY_MS });
    expect(provisionalOf(final)).toBeUndefined();
    expect(final.unexplained).toMatchObject([{ cause: 'bucket_edge', reason: 'not_reported' }]);
  });

  it('is not provisional where usage of its key and model is there that nothing accounts for', () => {
    const result = unseen({ nowMs: NEXT + DAY_MS }, [[LAST - 30 * MINUTE_MS, tokens({ outputTokens: 7 })]]);
    expect(provisionalOf(result)).toBeUndefined();
    expect(result.unexplained.map(({ reason }) => reason)).toContain('not_reported');
  });
});

function acrossMinutes(theirs: [number, typeof some][] = []): ReconcileInput['minutes'] {
  return [
    {
      fromMs: DAY_1,
      toMs: NEXT,
      apiKeyIds: ['key_1'],
      fastUsage: null,
      completeToMs: null,
      internal: [ourRow({ atMs: LAST - 9 * MINUTE_MS, time: 'minute', tokens: some })],
      usage: usageBuckets(
        DAY_1,
        MINUTE_MS,
        1440,
        theirs.map(([atMs, counts]) => [atMs, theirRow({ tokens: counts })]),
      ),
    },
  ];
}
