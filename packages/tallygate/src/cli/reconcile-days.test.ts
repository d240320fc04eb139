import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Reconciliation } from '@tallygate/reconcile';
import { describe, expect, it } from 'vitest';
import { memoryCli } from './memory-context.ts';
import { createReconcileDays, toReconciledDays } from './reconcile-days.ts';

const NO_TOKENS = {
  uncachedInputTokens: 0,
  cacheReadInputTokens: 0,
  cacheWrite5mInputTokens: 0,
  cacheWrite1hInputTokens: 0,
  outputTokens: 0,
  webSearchRequests: 0,
};
const DAY = Date.UTC(2026, 9, 31);
const place = {
  dayMs: DAY,
  fromMs: DAY,
  toMs: DAY + 60_000,
  model: 'claude-opus-5',
  apiKeyId: null,
  attempts: 3,
};

const RECONCILIATION: Reconciliation = {
  version: 2,
  organization: 'acme',
  fromMs: DAY,
  toMs: DAY + 86_400_000,
  createdAtMs: DAY,
  internalPicoUsd: 10_000_000_000n,
  billedPicoUsd: 12_000_000_000n,
  variancePicoUsd: 2_000_000_000n,
  explainedPicoUsd: 1_500_000_000n,
  residualPicoUsd: 500_000_000n,
  tolerancePicoUsd: 0n,
  coverage: { listPicoUsd: 12_000_000_000n, darkPicoUsd: 3_000_000_000n, percent: 75 },
  verdicts: { tokens: 'explained', money: 'differs', requests: 'not_counted' },
  differences: null,
  days: [{ dayMs: DAY, state: 'provisional' }],
  variances: [],
  causes: [
    {
      cause: 'aborted_estimate',
      between: [],
      amountPicoUsd: 1_500_000_000n,
      places: 1,
      attempts: 3,
      byKey: [{ apiKeyId: null, workspaceId: null, amountPicoUsd: 1_500_000_000n }],
      evidence: [
        {
          ...place,
          workspaceId: null,
          description: null,
          charged: { tokens: NO_TOKENS, amountPicoUsd: 0n },
          actual: { tokens: NO_TOKENS, amountPicoUsd: 1_500_000_000n },
          amountPicoUsd: 1_500_000_000n,
        },
      ],
    },
  ],
  unexplained: [{ cause: 'aborted_estimate', reason: 'too_fresh', ...place }],
  unexplainedPlaces: 1,
  elsewhere: [{ backend: 'bedrock', listCostPicoUsd: 3_000_000_000_000n }],
  caveats: [{ caveat: 'key_unresolved', detail: 'The key sk-…abcd fits no key of the organization.' }],
  freshness: [{ report: 'analytics', readAtMs: DAY, completeToMs: DAY - 55 * 60_000 }],
};

describe('what the command says about a reconciliation', () => {
  it('keeps the amounts exact and the evidence of each cause in words', () => {
    const { variance, document } = toReconciledDays(RECONCILIATION);
    expect(variance).toMatchObject({ internalPicoUsd: 10_000_000_000n, billedPicoUsd: 12_000_000_000n });
    expect(variance.causes[0]).toMatchObject({ name: 'aborted estimate', amountPicoUsd: 1_500_000_000n });
    expect(variance.causes[0]?.evidence).toMatch(/^3 attempts whose end we did not see/);
    expect(JSON.parse(JSON.stringify(document)).reconciliation.residualPicoUsd).toBe('500000000');
  });

  it('says of requests how many there are beyond ours, or that nobody counts them', () => {
    const [requests, money] = [
      { difference: -12, explained: -9, unexplained: -3 },
      { difference: 0n, explained: 0n, unexplained: 0n },
    ];
    const verdicts = { ...RECONCILIATION.verdicts, requests: 'differs' as const };
    const counted = { ...RECONCILIATION, verdicts, differences: { tokens: null, money, requests } };
    expect(toReconciledDays(counted).remarks[0]).toContain(
      'Requests: 12 fewer than attempts of ours that were answered, 3 of the difference without a cause; a difference is left.',
    );
    expect(toReconciledDays(RECONCILIATION).remarks[0]).toContain('Requests: not in this bill.');
  });

  it('says what to do about each step, and where each one leads', () => {
    const { nextActions, document } = toReconciledDays(RECONCILIATION);
    expect(nextActions.map(({ name }) => name)).toEqual(['aborted estimate', 'residual']);
    expect(nextActions.every(({ nextAction }) => nextAction.endsWith('.'))).toBe(true);
    expect(JSON.parse(JSON.stringify(document)).waterfall).toMatchObject([
      { step: 'internal', runningPicoUsd: '10000000000' },
      { step: 'aborted_estimate', runningPicoUsd: '11500000000' },
      { step: 'residual', amountPicoUsd: '500000000', runningPicoUsd: '12000000000' },
      { step: 'billed', amountPicoUsd: '12000000000' },
    ]);
  });

  it('lists so many unexplained places as a person reads, and counts the others', () => {
    const [one] = RECONCILIATION.unexplained;
    if (one === undefined) throw new Error('There is one.');
    const many = { unexplained: Array.from({ length: 60 }, () => one), unexplainedPlaces: 900 };
    const remarks = toReconciledDays({ ...RECONCILIATION, ...many }).remarks;
    expect(remarks.filter((remark) => remark.startsWith('Not explained'))).toHaveLength(21);
    expect(remarks.at(-1)).toContain('880 more places');
  });

  it('says of which cause not every finding is kept, and how to have them all', () => {
    const causes = RECONCILIATION.causes.map((cause) => ({ ...cause, places: 1_204 }));
    expect(toReconciledDays({ ...RECONCILIATION, causes }).remarks.at(-1)).toBe(
      'Of aborted estimate the 1 largest of 1204 findings are kept; --evidence <file> writes all of them.',
    );
  });

  it('puts the verdict first, then everything that limits it', () => {
    expect(toReconciledDays(RECONCILIATION).remarks).toEqual([
      'Tokens: every difference has a cause. Money: a difference is left (residual $0.00050, tolerance $0.00). Requests: not in this bill.',
      'analytics: Complete to 2026-10-30 23:05 UTC, 55 min old.',
      'The meter saw 75 % of the bill; $0.0030 went past it.',
      '1 of 1 days are provisional: the provider may adjust them.',
      'The key sk-…abcd fits no key of the organization.',
      '$3.00 at bedrock stands on another bill.',
      'Not explained: aborted_estimate of 3 attempts on claude-opus-5 from 2026-10-31T00:00:00.000Z (too fresh).',
    ]);
  });

  it.each([
    ['agrees', 'agrees', true],
    ['explained', 'explained', true],
    ['agrees', 'differs', false],
    ['differs', 'agrees', false],
  ] as const)('tokens %s and money %s: within tolerance %s', (tokens, money, within) => {
    expect(
      toReconciledDays({ ...RECONCILIATION, verdicts: { tokens, money, requests: 'agrees' } })
        .withinTolerance,
    ).toBe(within);
  });
});

describe('createReconcileDays', () => {
  it("asks the provider's reports with the admin key, and passes on that it was rejected", async () => {
    const asked: unknown[] = [];
    const provider = createServer((request, response) => {
      asked.push([request.url?.split('?')[0], request.headers['x-api-key']]);
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end('{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}');
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    const { port } = provider.address() as AddressInfo;
    const clock = { nowMs: () => DAY + 3 * 86_400_000, monotonicMs: () => 0 };
    const cli = memoryCli({
      environment: { ANTHROPIC_ADMIN_KEY: 'hunter2', TALLYGATE_PROVIDER_URL: `http://127.0.0.1:${port}` },
      reconcileDays: createReconcileDays({ clock }),
    });
    const { code, stdout, stderr } = await cli.run('reconcile', '--day', '2026-10-31', '--json');
    provider.closeAllConnections();
    await new Promise((resolve) => provider.close(resolve));
    expect(asked[0]).toEqual([expect.stringMatching(/^\/v1\/organizations\//), 'hunter2']);
    expect([code, JSON.parse(stdout).error.code]).toEqual([4, 'TALLYGATE_KEY_REJECTED']);
    expect(stderr).toBe("Reading the ledger …\nReading the provider's reports …\n");
    expect(stdout + stderr).not.toContain('hunter2');
  });
});
