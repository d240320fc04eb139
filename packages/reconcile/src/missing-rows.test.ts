import { describe, expect, it } from 'vitest';
import {
  billed,
  DAY_1,
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

const some = tokens({ uncachedInputTokens: 100, outputTokens: 7 });
const exactOf = (counts = some) =>
  price({ model: 'claude-a', atMs: 0, tokens: counts, serviceTier: null, inferenceGeo: null, speed: null }) ??
  0n;
const twice = tokens({ uncachedInputTokens: 200, outputTokens: 14 });
const at = (minute: number) => DAY_1 + minute * MINUTE_MS;
const gap = (fromMinute: number, toMinute: number, count = 1) => ({
  epoch: 'e1',
  fromSeq: 41,
  toSeq: 40 + count,
  beforeMs: at(fromMinute) + 30_000,
  afterMs: at(toMinute) + 30_000,
});

/** Two calls at the provider, of which we have one; both in the same hour. */
function lost(gaps: ReturnType<typeof gap>[], minute = 640, guess = false) {
  const guessed = tokens({ uncachedInputTokens: 100, outputTokens: 3 });
  const internal = [ourRow({ atMs: DAY_1, tokens: some })];
  const ours: Parameters<typeof stretch>[0] = [[600, { tokens: some }]];
  if (guess) {
    internal.push(ourRow({ atMs: DAY_1, tokens: guessed, basis: 'estimated' }));
    ours.push([minute, { tokens: guessed, basis: 'estimated' }]);
  }
  return reconcile(
    input({
      internal,
      ...billed([[DAY_1, theirRow({ tokens: twice })]], [tokenCost(2n * exactOf())]),
      minutes: [
        stretch(ours, [
          [600, { tokens: some }],
          [minute, { tokens: some }],
        ]),
      ],
      gaps,
    }),
  );
}

describe('usage that no row of ours has', () => {
  it('is a missing row where a settlement number is missing around its minute', () => {
    const result = lost([gap(639, 640)]);
    expect(result.causes.find(({ cause }) => cause === 'missing_rows')).toMatchObject({
      amountPicoUsd: exactOf(),
      evidence: [{ fromMs: at(640), apiKeyId: 'key_1', attempts: 0, actual: { tokens: some } }],
    });
    expect(result).toMatchObject({
      residualPicoUsd: 0n,
      verdicts: { tokens: 'explained', money: 'explained' },
    });
  });

  it.each([
    ['no number is missing', []],
    ['the missing number was used before', [gap(600, 630)]],
    ['the missing number was used after', [gap(642, 650)]],
  ])('is left over where %s', (_why, gaps) => {
    const result = lost(gaps);
    expect(result.unexplained).toMatchObject([{ cause: 'missing_rows', reason: 'no_row', fromMs: at(640) }]);
    expect(result.residualPicoUsd).toBe(exactOf());
  });

  it('that true-up has written since has found its number: another loss cannot have it', () => {
    const internal = [
      ourRow({ atMs: DAY_1, tokens: some }),
      ourRow({ atMs: DAY_1, tokens: some, status: 'unknown' }),
    ];
    const thrice = tokens({ uncachedInputTokens: 300, outputTokens: 21 });
    const result = reconcile(
      input({
        internal,
        ...billed([[DAY_1, theirRow({ tokens: thrice })]], [tokenCost(3n * exactOf())]),
        minutes: [
          stretch(
            [
              [600, { tokens: some }],
              [640, { tokens: some, status: 'unknown' }],
            ],
            [600, 640, 642].map((minute) => [minute, { tokens: some }]),
          ),
        ],
        gaps: [gap(639, 642)],
      }),
    );
    expect(result.unexplained).toMatchObject([{ reason: 'no_row', fromMs: at(642) }]);
    expect(result.residualPicoUsd).toBe(exactOf());
  });

  it('shares its minute with a guess of ours: nobody can tell the parts, and the sum is exact', () => {
    const result = lost([gap(639, 640)], 640, true);
    expect(result.causes.find(({ cause }) => cause === 'ambiguous')).toMatchObject({
      between: ['aborted_estimate', 'missing_rows'],
      amountPicoUsd: exactOf() - exactOf(tokens({ uncachedInputTokens: 100, outputTokens: 3 })),
    });
    expect(result.residualPicoUsd).toBe(0n);
  });

  it('takes the one number that is missing, which then is no doubt about a guess elsewhere', () => {
    const guessed = tokens({ uncachedInputTokens: 100, outputTokens: 3 });
    const rows = [{ tokens: some }, { tokens: guessed, basis: 'estimated' as const, model: 'claude-b' }];
    const truth = { model: 'claude-b', tokens: some };
    const result = reconcile(
      input({
        internal: rows.map((row) => ourRow({ ...row, atMs: DAY_1 })),
        ...billed(
          [
            [DAY_1, theirRow({ tokens: twice })],
            [DAY_1, theirRow(truth)],
          ],
          [tokenCost(3n * exactOf())],
        ),
        minutes: [
          stretch(
            [
              [600, { tokens: some }],
              [640, { ...rows[1], tokens: guessed }],
            ],
            [
              [600, { tokens: some }],
              [640, { tokens: some }],
              [640, truth],
            ],
          ),
        ],
        gaps: [gap(639, 640)],
      }),
    );
    const names = result.causes.map(({ cause }) => cause).filter((cause) => cause !== 'rounding');
    expect(names).toEqual(['aborted_estimate', 'missing_rows']);
    expect(result.residualPicoUsd).toBe(0n);
  });
});
