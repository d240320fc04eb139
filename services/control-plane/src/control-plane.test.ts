import { createMemoryGate } from '@tallygate/gate';
import { connectRemote, ROUTES } from '@tallygate/remote';
import {
  type Attribution,
  emptyConfiguration,
  type Logger,
  NO_USAGE,
  nanoFromUsd,
  type SealedSegment,
  type SpendHistory,
  type SpendRow,
  type StoredReport,
  silentLogger,
  TallygateError,
} from '@tallygate/usage';
import type { TallygateRuntime } from 'tallygate';
import { afterEach, describe, expect, it } from 'vitest';
import { type ControlPlaneOptions, createControlPlane } from './control-plane.ts';
import { startControlPlane } from './start.ts';

const NOW_MS = Date.parse('2026-11-21T14:08:00Z');
const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 };
const TOKEN = 'right-token';
const HOSTILE = `<script>alert("x")</script>'&`;

const attribution: Attribution = {
  team: 'support',
  feature: 'chat',
  environment: 'test',
  userPseudonym: null,
  workflow: null,
  taskType: null,
  tags: {},
};

function rowOf(team: string, feature: string, usd: string, calls = 3): SpendRow {
  const { thinkingTokens: _part, ...usage } = NO_USAGE;
  const contractedCostNanoUsd = nanoFromUsd(usd);
  const costs = { listCostNanoUsd: contractedCostNanoUsd, contractedCostNanoUsd, webSearchCostNanoUsd: 0n };
  const group = { team, feature };
  return { group, calls, attempts: calls, failedAttempts: 0, usage, ...costs, roundingPicoUsd: 0n };
}

function reportOf(parts: Record<string, unknown>): StoredReport {
  const fromMs = Date.parse('2026-11-01');
  const envelope = {
    organization: 'acme',
    fromMs,
    toMs: Date.parse('2026-11-22'),
    createdAtMs: NOW_MS - 180_000,
  };
  const amounts = {
    internalPicoUsd: '8000000000000',
    billedPicoUsd: '8310000000000',
    variancePicoUsd: '310000000000',
  };
  const rest = { explainedPicoUsd: '300000000000', residualPicoUsd: '10000000000', tolerancePicoUsd: '0' };
  const verdicts = { tokens: 'differs', money: 'differs' };
  const causes = [{ cause: 'unmetered_key', amountPicoUsd: '300000000000', evidence: [] }];
  const lists = { days: [], variances: [], causes, unexplained: [], elsewhere: [], caveats: [] };
  const body = { version: 1, ...envelope, ...amounts, ...rest, verdicts, ...lists, ...parts };
  return { reportId: 'report-1', kind: 'reconciliation', ...envelope, body };
}

const unavailable = () =>
  Promise.reject(new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'Away.' }));
const away: SpendHistory = {
  spend: unavailable,
  counts: unavailable,
  settledTotals: unavailable,
  lastReport: unavailable,
  saveReport: unavailable,
  lastConfigVersion: unavailable,
  saveConfigVersion: unavailable,
};

interface Given {
  rows?: SpendRow[];
  report?: StoredReport | null;
  history?: Partial<SpendHistory>;
  teamName?: string;
  limitUsd?: string;
  organization?: string;
}

function planeOf(given: Given = {}, options: Partial<ControlPlaneOptions> = {}) {
  const organization = given.organization ?? 'acme';
  const budget = { period: 'month', timeZone: 'UTC', onOutage: 'block' } as const;
  const limitNanoUsd = nanoFromUsd(given.limitUsd ?? '10');
  const team = { id: 'support', aliases: [], costCentre: null, owners: [] };
  const gate = createMemoryGate({
    organization,
    clock,
    configuration: {
      ...emptyConfiguration(organization),
      version: 1,
      teams: [{ ...team, name: given.teamName ?? 'Customer support' }],
      budgets: [{ ...budget, id: 'support', scope: { team: 'support' }, limitNanoUsd }],
    },
    seed: {
      lastSeq: 1,
      totals: [
        { key: `support:month:${Date.parse('2026-11-01')}`, amountNanoUsd: nanoFromUsd('8.123456789') },
      ],
    },
  });
  const stored: SealedSegment[] = [];
  const asked: unknown[] = [];
  const history: SpendHistory = {
    ...away,
    spend: async (query) => {
      asked.push(query);
      return given.rows ?? [rowOf('support', 'chat', '8.00'), rowOf('labs', 'toy', '0.12')];
    },
    counts: async () => ({ events: 1, lines: 1, duplicates: 0, settlements: 1, denials: 17 }),
    lastReport: async () => (given.report === undefined ? reportOf({}) : given.report),
    lastConfigVersion: async () => null,
    ...given.history,
  };
  const destination = {
    store: async (segment: SealedSegment) => {
      stored.push(segment);
    },
  };
  const remoteBackend = { gate, destination, history };
  const runtime = { role: 'owner', organization, gate, history, remoteBackend, token: TOKEN };
  const parts = { runtime: runtime as unknown as TallygateRuntime, clock, ...options };
  return { ...createControlPlane(parts), parts, gate, stored, asked };
}

const bearer = (token = TOKEN) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });
const post = (path: string, body: unknown, headers: Record<string, string> = bearer()) =>
  [path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) }] as const;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('reading', () => {
  it('lives, and is ready when gate and ledger answer', async () => {
    const { app } = planeOf();
    expect(await (await app.request('/healthz')).json()).toEqual({ status: 'ok' });
    expect(await (await app.request('/readyz')).json()).toEqual({
      status: 'ready',
      gate: 'ok',
      ledger: 'ok',
    });
  });

  it('lives but is not ready while the ledger is away, and says which part', async () => {
    const { app } = planeOf({ history: away });
    expect((await app.request('/healthz')).status).toBe(200);
    const response = await app.request('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ gate: 'ok', ledger: 'TALLYGATE_LEDGER_UNAVAILABLE' });
  });

  it('is not ready once the gate is gone', async () => {
    const { app, gate } = planeOf();
    await gate.close();
    expect(await (await app.request('/readyz')).json()).toMatchObject({ gate: 'TALLYGATE_GATE_UNAVAILABLE' });
  });

  it('answers spend by any grouping, money as exact decimal strings', async () => {
    const { app, asked } = planeOf();
    const response = await app.request(
      '/v1/spend?groupBy=team,feature&from=2026-11-01&to=2026-11-21T12:00:00Z',
    );
    const { rows } = (await response.json()) as { rows: unknown[] };
    expect(asked).toEqual([
      {
        organization: 'acme',
        by: 'ended',
        groupBy: ['team', 'feature'],
        fromMs: Date.parse('2026-11-01T00:00:00Z'),
        toMs: Date.parse('2026-11-21T12:00:00Z'),
      },
    ]);
    expect(rows[0]).toMatchObject({ group: { team: 'support' }, contractedCostNanoUsd: '8000000000' });
  });

  it('answers the UTC month to date where no range is given', async () => {
    const { app, asked } = planeOf();
    await app.request('/v1/spend');
    expect(asked[0]).toMatchObject({ fromMs: Date.parse('2026-11-01'), toMs: NOW_MS, groupBy: [] });
  });

  it.each([
    'groupBy=teem',
    'from=yesterday',
    'from=2026-11-22&to=2026-11-21',
    'form=2026-11-01',
    'from=2026-13-01',
  ])('refuses the query %s', async (query) => {
    const response = await planeOf().app.request(`/v1/spend?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'TALLYGATE_REQUEST_INVALID' } });
  });

  it('answers a query that failed as the failure it is, never as nothing spent', async () => {
    const response = await planeOf({ history: away }).app.request('/v1/spend');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      error: { code: 'TALLYGATE_LEDGER_UNAVAILABLE', message: 'Away.' },
    });
  });

  it('answers the balances of all budgets with what is available', async () => {
    const body = await (await planeOf().app.request('/v1/budgets')).json();
    expect(body).toMatchObject({ organization: 'acme', at: '2026-11-21T14:08:00.000Z' });
    expect(body).toMatchObject({ budgets: [{ spentNanoUsd: '8123456789', availableNanoUsd: '1876543211' }] });
  });

  it('answers the last reconciliation, or that there was none', async () => {
    const report = await (await planeOf().app.request('/v1/reconciliation')).json();
    expect(report).toMatchObject({
      report: { reportId: 'report-1', body: { residualPicoUsd: '10000000000' } },
    });
    const none = await (await planeOf({ report: null }).app.request('/v1/reconciliation')).json();
    expect(none).toEqual({ report: null });
  });

  it.each(['/nothing', '/v1', '/v1/gate/reserve', '/v1/ledger/spend'])(
    'answers 404 to GET %s',
    async (path) => {
      const response = await planeOf().app.request(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: 'TALLYGATE_ROUTE_UNKNOWN' } });
    },
  );

  it('lets no detail of a defect out, and logs it', async () => {
    const logged: unknown[] = [];
    const logger: Logger = { ...silentLogger, error: (_message, fields) => logged.push(fields) };
    const spend = () => Promise.reject(new Error('password=hunter2'));
    const { app } = planeOf({ history: { spend } }, { logger });
    const response = await app.request('/v1/spend');
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('hunter2');
    expect(JSON.stringify(logged)).toContain('hunter2');
  });
});

describe('who may do what', () => {
  const reads = ['/', '/v1/spend', '/v1/budgets', '/v1/reconciliation'];

  it.each(reads)('anybody on this machine reads %s', async (path) => {
    const host = { host: 'localhost:8787' };
    expect((await planeOf().app.request(path, { headers: host })).status).toBe(200);
  });

  it.each(reads)('a name that was only made to point here does not read %s', async (path) => {
    const response = await planeOf().app.request(path, { headers: { host: 'evil.example:8787' } });
    expect(response.status).toBe(401);
  });

  it.each(reads)('on an open address the token is needed to read %s', async (path) => {
    const { app } = planeOf({}, { isLoopback: false });
    expect((await app.request(path)).status).toBe(401);
    expect((await app.request(path, { headers: bearer('wrong') })).status).toBe(401);
    expect((await app.request(path, { headers: bearer() })).status).toBe(200);
  });

  it.each(Object.values(ROUTES).map(({ path }) => path))(
    'nobody calls %s without the token',
    async (path) => {
      const { app } = planeOf();
      for (const headers of [{}, bearer('wrong'), { authorization: TOKEN }]) {
        const response = await app.request(...post(path, {}, headers));
        expect(response.status).toBe(401);
        expect(await response.json()).toMatchObject({ error: { code: 'TALLYGATE_TOKEN_REJECTED' } });
      }
    },
  );

  it('nobody writes at all where there is no token', async () => {
    const { parts } = planeOf();
    const runtime = { ...parts.runtime, token: null };
    const { app } = createControlPlane({ ...parts, runtime });
    const response = await app.request(...post(ROUTES.balances.path, {}, bearer('')));
    expect(response.status).toBe(401);
  });
});

describe('the routes for other processes', () => {
  it('store a segment', async () => {
    const { app, stored } = planeOf();
    const segment = { token: 'a/1', events: [], settlements: [], denials: [] };
    expect((await app.request(...post(ROUTES.store.path, segment))).status).toBe(200);
    expect(stored).toEqual([segment]);
  });

  it.each(['', 'no json', '[]', '{"token":1}'])('refuse the body %j', async (body) => {
    const response = await planeOf().app.request(...post(ROUTES.store.path, body));
    expect(response.status).toBe(400);
  });

  it('serve a gate over TCP to a client that holds the token', async () => {
    const { parts } = planeOf();
    const running = await startControlPlane({ ...parts, port: 0 });
    closers.push(() => running.close());
    const remote = connectRemote({ address: { url: running.url }, token: TOKEN });
    closers.push(() => remote.close());
    const reply = await remote.gate.reserve({
      attemptId: 'attempt-1',
      attribution,
      expectedNanoUsd: nanoFromUsd('2'),
      worstNanoUsd: nanoFromUsd('2'),
      ttlMs: 60_000,
      configVersion: 1,
      enforce: true,
    });
    expect(reply).toMatchObject({ kind: 'denied', denial: { spentNanoUsd: nanoFromUsd('8.123456789') } });
    const stranger = connectRemote({ address: { url: running.url }, token: 'wrong' });
    closers.push(() => stranger.close());
    await expect(stranger.gate.balances()).rejects.toMatchObject({ code: 'TALLYGATE_TOKEN_REJECTED' });
  });

  it('say which port is taken', async () => {
    const { parts } = planeOf();
    const running = await startControlPlane({ ...parts, port: 0 });
    closers.push(() => running.close());
    const second = startControlPlane({ ...parts, port: running.port });
    await expect(second).rejects.toMatchObject({ code: 'TALLYGATE_CONFIGURATION_INVALID' });
  });
});

describe('the overview', () => {
  const pageOf = async (given: Given = {}) => {
    const response = await planeOf(given).app.request('/');
    expect(response.status).toBe(200);
    return response.text();
  };

  it('shows each team against its budget, features, denials, and how fresh the reconciliation is', async () => {
    const page = await pageOf();
    for (const text of [
      'Customer support',
      '$8.12',
      'of $10.00',
      '81%',
      'nearly used up',
      'chat',
      'toy',
      '$8.12',
    ]) {
      expect(page).toContain(text);
    }
    expect(page).toContain('$0.01 residual');
    expect(page).toContain('to 14:05, 3 min old');
    expect(page).toMatch(/Denied today<\/dt><dd>17</);
    expect(page).toMatch(/labs<\/strong> <span class="quiet">no budget/);
  });

  it('writes every text from outside as text', async () => {
    const page = await pageOf({
      organization: 'acme',
      teamName: HOSTILE,
      rows: [rowOf('support', HOSTILE, '1.00'), rowOf(`${HOSTILE}2`, '"><img src=x onerror=y>', '1.00')],
    });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<img');
    expect(page.split('&lt;script&gt;')).toHaveLength(6);
  });

  it('says that it does not know, with the reason, where the ledger is away; the budgets stay', async () => {
    const page = await pageOf({ history: away });
    expect(page).toContain('Away.');
    expect(page).toMatch(/Spent this month<\/dt><dd><span class="unknown">unknown/);
    expect(page).toMatch(/Denied today<\/dt><dd><span class="unknown">unknown/);
    expect(page).toContain('of $10.00');
  });

  it('names what is still to be done on an empty installation', async () => {
    const page = await pageOf({ rows: [], report: null });
    expect(page).toContain('Nothing has been spent yet.');
    expect(page).toContain('Never reconciled');
  });

  it('is all there is: no script, nothing from elsewhere, one style that the policy knows', async () => {
    const response = await planeOf().app.request('/');
    const page = await response.text();
    expect(page).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import|style="| on[a-z]+=/);
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
    const hash = Buffer.from(digest).toString('base64');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});
