import { describe, expect, it } from 'vitest';
import { CAUSES } from './causes.ts';
import { describeCause } from './describe-cause.ts';
import { nextActionOf } from './next-action.ts';
import type { Evidence } from './reconciliation.ts';
import { NO_TOKENS } from './token-counts.ts';

const nothing = { tokens: NO_TOKENS, amountPicoUsd: 0n };
const evidence = (attempts: number): Evidence => ({
  dayMs: 0,
  fromMs: 0,
  toMs: 60_000,
  model: 'claude-a',
  apiKeyId: 'key_1',
  workspaceId: null,
  attempts,
  description: null,
  charged: nothing,
  actual: nothing,
  amountPicoUsd: 0n,
});

describe('a cause in words', () => {
  it('begins with the amount, and says how many attempts it is about and where it was read', () => {
    const cause = {
      cause: 'aborted_estimate' as const,
      amountPicoUsd: -2_100_000_000n,
      between: [],
      byKey: [],
      places: 2,
      attempts: 3,
      evidence: [evidence(2), evidence(1)],
    };
    expect(describeCause(cause)).toMatch(
      /^-\$0\.0021: 3 attempts whose end we did not see.*\(2 bucket runs\)$/,
    );
  });

  it.each(CAUSES)(
    '%s has words and a next action of its own, with one of a thing in the singular',
    (cause) => {
      const found = {
        cause,
        between: [],
        byKey: [],
        places: 1,
        attempts: 1,
        amountPicoUsd: 10_000_000_000n,
        evidence: [evidence(1)],
      };
      const text = describeCause(found);
      expect(nextActionOf(found)).toMatch(/^[A-Z].*\.$/);
      expect(nextActionOf(found)).not.toContain('1 estimated attempts');
      expect(text).toMatch(/^\$0\.01: /);
      expect(text).not.toContain('1 attempts');
      expect(text).not.toContain('1 lines');
    },
  );
});
