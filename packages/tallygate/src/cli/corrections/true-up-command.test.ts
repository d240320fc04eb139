import { describe, expect, it } from 'vitest';
import { memoryCli } from '../memory-context.ts';

const DAY_MS = 86_400_000;
const DAY = Date.UTC(2026, 9, 14);
const tokens = {
  ...{ uncachedInputTokens: 1, cacheReadInputTokens: 0, cacheWrite5mInputTokens: 0 },
  ...{ cacheWrite1hInputTokens: 0, outputTokens: 0, webSearchRequests: 0 },
};
const place = {
  dayMs: DAY,
  fromMs: DAY,
  toMs: DAY + 60_000,
  model: 'claude-a',
  apiKeyId: 'key_1',
  attempts: 1,
};
const counted = (amountPicoUsd: string) => ({ tokens, amountPicoUsd });

/** One of five findings has evidence, of a guess that the ledger does not have. */
const STORED = {
  ...{ version: 2, organization: 'default', fromMs: DAY, toMs: DAY + DAY_MS, createdAtMs: DAY + DAY_MS },
  ...{ internalPicoUsd: '0', billedPicoUsd: '9', variancePicoUsd: '9', explainedPicoUsd: '9' },
  ...{ residualPicoUsd: '0', tolerancePicoUsd: '0' },
  coverage: { listPicoUsd: '9', darkPicoUsd: '0', percent: 100 },
  verdicts: { tokens: 'explained', money: 'explained', requests: 'not_counted' },
  differences: null,
  ...{ days: [], variances: [], unexplained: [], unexplainedPlaces: 0, elsewhere: [], caveats: [] },
  causes: [
    {
      ...{ cause: 'aborted_estimate', between: [], amountPicoUsd: '9', places: 5, attempts: 5, byKey: [] },
      evidence: [
        {
          ...{ ...place, workspaceId: null, description: null, amountPicoUsd: '9' },
          ...{ charged: counted('0'), actual: counted('9') },
        },
      ],
    },
  ],
};

describe('tallygate true-up', () => {
  it('says what a reconciliation holds no evidence of, and what our rows no longer bear out', async () => {
    const cli = memoryCli();
    const range = { fromMs: DAY, toMs: DAY + DAY_MS, createdAtMs: DAY + DAY_MS };
    const head = { reportId: 'r-1', organization: 'default', providerOrganizationId: 'main' };
    const stored = { ...head, ...range, kind: 'reconciliation' as const, body: STORED };
    await cli.history.saveReport(stored);
    const { code, stdout, stderr } = await cli.run('true-up', '--day', '2026-10-14', '--reason', 'INC-9');
    expect(code).toBe(3);
    expect(stdout).toContain('aborted estimate');
    expect(stderr).toContain('No longer what our rows say: 1. Reconcile these days again');
    expect(stderr).toContain('Beyond what a reconciliation keeps, all of them smaller: 4.');
    expect(stderr).toContain('Nothing is written: do that with --yes.');
    await cli.history.saveReport({ ...stored, providerOrganizationId: 'emea' });
    const several = await cli.run('true-up', '--reason', 'INC-9');
    expect([several.code, several.stderr]).toEqual([2, expect.stringContaining('Name one of them')]);
    const named = await cli.run('true-up', '--reason', 'INC-9', '--provider-organization', 'main');
    expect(named.code).toBe(3);
    const other = await cli.run('true-up', '--month', '2026-10', '--reason', 'INC-9');
    expect([other.code, other.stderr]).toEqual([
      2,
      expect.stringContaining('No reconciliation of 2026-10-01'),
    ]);
  });
});
