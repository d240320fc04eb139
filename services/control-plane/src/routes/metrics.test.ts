import { createMemoryGate } from '@tallygate/gate';
import { expect, it } from 'vitest';
import { breakLedger, testPlane } from '../testing/planes.ts';
import { budgetOf, clock, configurationOf, NOW_MS } from '../testing/served-world.ts';

const PERIOD_MS = Date.parse('2026-10-31T23:00:00Z');

/** Two budgets, of which the gate has charged one a nano-dollar more than the ledger holds. */
function plane() {
  const configuration = configurationOf([budgetOf('support', '10'), budgetOf('everything', '5')]);
  const key = (id: string) => `${id}:month:${PERIOD_MS}`;
  const totals = [{ key: key('support'), amount: 8_000_000_001n }];
  const seed = { lastSeq: 9, totals };
  const asked = testPlane(createMemoryGate({ organization: 'acme', clock, configuration, seed }));
  asked.history.settledTotals = async () => ({
    lastSeq: 9,
    totals: [{ key: key('support'), amount: 8_000_000_000n }],
  });
  const afterMs = NOW_MS - 3_600_000;
  asked.history.settlementGaps = async () => [
    { epoch: 'e', fromSeq: 4, toSeq: 5, beforeMs: afterMs - 1, afterMs },
    { epoch: 'e', fromSeq: 8, toSeq: 8, beforeMs: NOW_MS - 2, afterMs: NOW_MS - 1 },
  ];
  return asked;
}

it('GET /metrics tells drift per budget and the settlements that never arrived, as Prometheus reads them', async () => {
  const response = await plane().get('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const samples = (await response.text()).split('\n').filter((line) => !line.startsWith('#'));
  expect(samples).toEqual([
    'tallygate_drift_nano_usd{organization="acme",budget="support"} 1',
    'tallygate_drift_nano_usd{organization="acme",budget="everything"} 0',
    'tallygate_settlement_gaps{organization="acme"} 2',
    '',
  ]);
});

it('GET /metrics fails the scrape where the ledger does not answer, and asks whoever comes through a proxy for the token', async () => {
  const asked = plane();
  expect((await asked.get('/metrics', { 'x-forwarded-for': '10.0.0.1' })).status).toBe(401);
  breakLedger(asked);
  const response = await asked.get('/metrics');
  expect(response.status).toBe(503);
  expect(await response.text()).not.toContain('tallygate_drift');
});
