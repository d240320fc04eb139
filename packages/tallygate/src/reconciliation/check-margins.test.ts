import type { UsageBucket, UsageGroup } from '@tallygate/admin-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkMargins } from './check-margins.ts';

const DAY_MS = 86_400_000;
const SEED = 20261121;
const range = { completeUntilMs: DAY_MS };

interface Used {
  model: string;
  key: string;
  workspace: string;
  band: string;
  tokens: number;
}

/** The same usage as one question or the other groups it. */
function bucketOf(used: readonly Used[], by: (item: Used) => UsageGroup): UsageBucket {
  const sums = new Map<string, number>();
  for (const item of used) {
    const key = JSON.stringify(by(item));
    sums.set(key, (sums.get(key) ?? 0) + item.tokens);
  }
  const none = { uncachedInputTokens: 0, cacheReadInputTokens: 0, cacheWrite5mInputTokens: 0 };
  const rows = [...sums].map(([key, outputTokens]) => ({
    group: JSON.parse(key),
    usage: { ...none, cacheWrite1hInputTokens: 0, outputTokens, webSearchRequests: 0 },
    requests: null,
    unknownCounts: {},
  }));
  return { startMs: 0, endMs: DAY_MS, rows };
}

const byBand = ({ model, key, band }: Used) => ({ model, api_key_id: key, context_window: band });
const byWorkspace = ({ model, key, workspace }: Used) => ({
  model,
  api_key_id: key,
  workspace_id: workspace,
});
const letter = fc.constantFrom('a', 'b', 'c');
const usage = fc.array(
  fc.record({
    model: letter,
    key: letter,
    workspace: letter,
    band: letter,
    tokens: fc.integer({ min: 1, max: 99 }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('two questions about one usage', () => {
  it('agree on all that they share, however each breaks it down further', () => {
    fc.assert(
      fc.property(usage, (used) => {
        const [one, other] = [bucketOf(used, byBand), bucketOf(used.toReversed(), byWorkspace)];
        expect(checkMargins('usage', [one], [other], range)).toEqual([]);
      }),
      { seed: SEED },
    );
  });

  it('are refused where a row moved from one shared group to another, though the totals are equal', () => {
    fc.assert(
      fc.property(usage, fc.nat(), (used, place) => {
        const moved = used.map((item, index) =>
          index === place % used.length ? { ...item, model: 'another' } : item,
        );
        const check = () =>
          checkMargins('usage', [bucketOf(used, byBand)], [bucketOf(moved, byWorkspace)], range);
        expect(check).toThrow(expect.objectContaining({ code: 'TALLYGATE_REPORT_MALFORMED' }));
      }),
      { seed: SEED },
    );
  });

  it('may differ while a bucket is still filling, and that is said', () => {
    const [one, other] = [[bucketOf([], byBand)], [bucketOf([], byWorkspace)]];
    const filled = [bucketOf([{ model: 'a', key: 'a', workspace: 'a', band: 'a', tokens: 1 }], byBand)];
    expect(checkMargins('usage', one, other, { completeUntilMs: 0 })).toEqual([]);
    expect(checkMargins('usage', filled, other, { completeUntilMs: 0 })).toMatchObject([
      { caveat: 'totals_moved' },
    ]);
  });
});
