import type { UsageBucket } from '@tallygate/admin-api';
import { NO_TOKENS } from '@tallygate/reconcile';
import { expect, it } from 'vitest';
import { checkPart } from './check-part.ts';

const DAY_1 = Date.UTC(2026, 10, 10);
const END = DAY_1 + 86_400_000;

const day = (outputTokens: number, model = 'claude-a'): UsageBucket[] => {
  const usage = { ...NO_TOKENS, outputTokens };
  const row = { group: { model, service_tier: 'standard' }, usage, requests: null, unknownCounts: {} };
  return [{ startMs: DAY_1, endMs: END, rows: [row] }];
};
const over = { completeUntilMs: END };

it('a part is in the whole, group by group; one that is not is refused, and while its day is open it is said', () => {
  expect(checkPart('usage', null, day(5), over)).toEqual([]);
  expect(checkPart('usage', day(5), day(5), over)).toEqual([]);
  const malformed = expect.objectContaining({ code: 'TALLYGATE_REPORT_MALFORMED' });
  expect(() => checkPart('usage', day(6), day(5), over)).toThrow(malformed);
  expect(() => checkPart('usage', day(5, 'claude-b'), day(5), over)).toThrow(malformed);
  expect(checkPart('usage', day(6), day(5), { completeUntilMs: DAY_1 })).toMatchObject([
    { caveat: 'totals_moved' },
  ]);
});
