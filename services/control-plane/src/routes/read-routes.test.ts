import { createMemoryGate } from '@tallygate/gate';
import { nanoFromUsd } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { breakLedger, testPlane } from '../testing/planes.ts';
import {
  budgetOf,
  clock,
  configurationOf,
  NOW_MS,
  reconciliationOf,
  storedReportOf,
} from '../testing/served-world.ts';

const DAY_MS = 86_400_000;

function plane() {
  const configuration = configurationOf([budgetOf('support', '10', { team: 'support' })]);
  const totals = [
    {
      key: `support:month:${Date.parse('2026-10-31T23:00:00Z')}`,
      amount: nanoFromUsd('8.123456789'),
    },
  ];
  const seed = { lastSeq: 1, totals };
  const asked = testPlane(createMemoryGate({ organization: 'acme', clock, configuration, seed }));
  asked.history.calls.push(
    { team: 'support', feature: 'chat', endedAtMs: NOW_MS - DAY_MS, costNanoUsd: 1_000_000_001n },
    { team: 'support', feature: 'chat', endedAtMs: NOW_MS - 1, costNanoUsd: 2n },
    { team: 'labs', feature: 'toy', endedAtMs: NOW_MS - 1, costNanoUsd: 999_999_997n },
    { team: 'support', feature: 'chat', endedAtMs: Date.UTC(2026, 9, 31, 23, 59), costNanoUsd: 5n },
    { team: 'spies', feature: 'x', endedAtMs: NOW_MS - 1, costNanoUsd: 7n, organization: 'other' },
  );
  return asked;
}

describe('GET /v1/spend', () => {
  it('answers the UTC month to date by team and feature, exact to the nano-dollar, with its sum', async () => {
    const response = await plane().get('/v1/spend');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const body = await response.json();
    expect(body).toMatchObject({
      schema: 'tallygate.spend/1',
      organization: 'acme',
      from: '2026-11-01T00:00:00.000Z',
      to: '2026-11-21T14:08:00.000Z',
      groupBy: ['team', 'feature'],
      lines: [
        { group: { team: 'support', feature: 'chat' }, calls: 2, contractedCostUsd: '1.000000003' },
        { group: { team: 'labs', feature: 'toy' }, calls: 1, contractedCostUsd: '0.999999997' },
      ],
      total: { calls: 3, contractedCostUsd: '2.000000000' },
    });
  });

  it('groups as asked, and takes a date for its first moment in UTC', async () => {
    const response = await plane().get('/v1/spend?groupBy=team&from=2026-10-31&to=2026-11-01T00:00:00Z');
    const { lines, total } = (await response.json()) as { lines: unknown[]; total: unknown };
    expect(lines).toMatchObject([{ group: { team: 'support' }, contractedCostUsd: '0.000000005' }]);
    expect(total).toMatchObject({ contractedCostUsd: '0.000000005' });
  });

  it('places a call by when it ended, as the provider bills it', async () => {
    const asked = plane();
    const endedAtMs = Date.UTC(2026, 10, 1, 0, 0, 1);
    const late = { team: 'night', feature: 'x', endedAtMs, costNanoUsd: 9n };
    asked.history.calls.push({ ...late, admittedAtMs: Date.UTC(2026, 9, 31, 23, 59) });
    const october = await asked.get('/v1/spend?groupBy=team&from=2026-10-01&to=2026-11-01');
    expect(await october.text()).not.toContain('night');
    expect(await (await asked.get('/v1/spend?groupBy=team')).text()).toContain('night');
  });

  it('takes instants of any zone', async () => {
    const response = await plane().get(
      `/v1/spend?groupBy=&from=${encodeURIComponent('2026-11-21T15:00:00+01:00')}`,
    );
    expect(await response.json()).toMatchObject({ from: '2026-11-21T14:00:00.000Z', total: { calls: 2 } });
  });

  it.each([
    ['groupBy=teem', 'groupBy'],
    ['from=yesterday', 'from'],
    ['from=2026-02-30', 'from'],
    ['from=2026-11-22', '"from" is not before "to"'],
    ['from=2026-11-02&to=2026-11-02', '"from" is not before "to"'],
    ['form=2026-11-01', 'form'],
    ['from=2026-11-01&from=2026-11-02', 'more than once'],
    ['to=', 'to'],
  ])('refuses ?%s and names what is wrong', async (query, named) => {
    const response = await plane().get(`/v1/spend?${query}`);
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: Record<string, string> };
    expect(error['code']).toBe('TALLYGATE_REQUEST_INVALID');
    expect(error['message']).toContain(named);
    expect(error['cure']).toContain('?groupBy=team,feature');
  });

  it('answers a ledger that is away as an outage, never as nothing spent', async () => {
    const asked = plane();
    breakLedger(asked);
    const response = await asked.get('/v1/spend');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      error: {
        code: 'TALLYGATE_LEDGER_UNAVAILABLE',
        message: 'The ledger is away.',
        cure: expect.stringMatching(/^Check the ClickHouse URL/),
      },
    });
  });
});

describe('GET /v1/budgets', () => {
  it('answers every budget in its current period with what is left of it', async () => {
    expect(await (await plane().get('/v1/budgets')).json()).toEqual({
      schema: 'tallygate.budgets/1',
      organization: 'acme',
      each: [],
      at: '2026-11-21T14:08:00.000Z',
      budgets: [
        {
          id: 'support',
          scope: { team: 'support' },
          period: 'month',
          timeZone: 'Europe/Berlin',
          onOutage: 'block',
          limitUsd: '10.000000000',
          periodStart: '2026-10-31T23:00:00.000Z',
          periodEnd: '2026-11-30T23:00:00.000Z',
          spentUsd: '8.123456789',
          heldUsd: '0.000000000',
          availableUsd: '1.876543211',
        },
      ],
    });
  });

  it('answers a gate that is away as an outage', async () => {
    const gate = createMemoryGate({ organization: 'acme', clock });
    await gate.close();
    const response = await testPlane(gate).get('/v1/budgets');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'TALLYGATE_GATE_UNAVAILABLE' } });
  });
});

describe('GET /v1/reconciliation', () => {
  it('answers the last stored one in full: amounts add up to the bill, evidence included', async () => {
    const asked = plane();
    asked.history.reports.push(storedReportOf(reconciliationOf()));
    const answer = await (await asked.get('/v1/reconciliation')).json();
    expect(answer).toMatchObject({ schema: 'tallygate.reconciliations/1', organization: 'acme' });
    const [body, ...others] = (answer as { reconciliations: object[] }).reconciliations;
    expect(others).toEqual([]);
    expect(body).toMatchObject({
      providerOrganizationId: null,
      reportId: 'report-1',
      from: '2026-11-20T00:00:00.000Z',
      to: '2026-11-22T00:00:00.000Z',
      createdAt: '2026-11-21T14:05:00.000Z',
      internalUsd: '1.250000000',
      explainedUsd: '0.003000000',
      residualUsd: '0.010000000',
      billedUsd: '1.263000000',
      causes: [
        { cause: 'rounding', amountUsd: '-0.000000000400' },
        { cause: 'aborted_estimate', amountUsd: '0.002400000', evidence: [{ attempts: 3 }] },
        { cause: 'code_execution', amountUsd: '0.000600000400' },
      ],
      days: [
        { day: '2026-11-20T00:00:00.000Z', state: 'provisional' },
        { day: '2026-11-21T00:00:00.000Z', state: 'open' },
      ],
    });
    expect(JSON.stringify(body)).not.toMatch(/(PicoUsd|NanoUsd|Ms)"/);
    expect(body).not.toHaveProperty('version');
  });

  it('answers for each organization of the provider, and no longer for what was stored before they were listed', async () => {
    const asked = plane();
    for (const id of ['', 'org-b', 'org-a', 'org-b'])
      asked.history.reports.push(storedReportOf(reconciliationOf(), id));
    const answer = await (await asked.get('/v1/reconciliation')).json();
    const { reconciliations } = answer as { reconciliations: { providerOrganizationId: string }[] };
    expect(reconciliations.map((one) => one.providerOrganizationId)).toEqual(['org-a', 'org-b']);
    expect(reconciliations).toMatchObject([{ billedUsd: '1.263000000' }, { billedUsd: '1.263000000' }]);
  });

  it('says that there is none, and what makes one, with 404', async () => {
    const response = await plane().get('/v1/reconciliation');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: {
        code: 'TALLYGATE_REPORT_MISSING',
        message: 'Nothing of "acme" has been reconciled with the provider\'s bill yet.',
        cure: expect.stringContaining('tallygate reconcile'),
      },
    });
  });

  it('refuses one of a later version by name instead of showing it wrong', async () => {
    const asked = plane();
    const report = storedReportOf(reconciliationOf());
    asked.history.reports.push({ ...report, body: { ...Object(report.body), version: 3 } });
    const response = await asked.get('/v1/reconciliation');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'TALLYGATE_VERSION_UNSUPPORTED' } });
  });
});

describe('every other path', () => {
  it.each(['/nothing', '/v1', '/v1/gate/reserve', '/v1/spend/', '/favicon.ico'])(
    'GET %s answers 404 in the form of every error',
    async (path) => {
      const response = await plane().get(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({
        error: {
          code: 'TALLYGATE_ROUTE_UNKNOWN',
          message: expect.any(String),
          cure: expect.stringContaining('/v1'),
        },
      });
    },
  );
});

describe('a defect', () => {
  it('answers 500 without its text, and logs where it was, without its text too', async () => {
    const asked = plane();
    breakLedger(asked, () => Promise.reject(new RangeError('https://user:hunter2@ledger')));
    const response = await asked.get('/v1/spend?groupBy=team');
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'TALLYGATE_REQUEST_FAILED' } });
    const [logged = ''] = asked.logged;
    expect(text + logged).not.toContain('hunter2');
    expect(JSON.parse(logged)).toMatchObject({ method: 'GET', path: '/v1/spend', error: 'RangeError' });
    expect(logged).toContain('read-routes.test.ts');
  });
});
