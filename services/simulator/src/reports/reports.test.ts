import { describe, expect, it } from 'vitest';
import { picoUsdFrom } from '../billing/decimal.ts';
import { DEFAULT_ADMIN_KEY, DEFAULT_API_KEY } from '../keys.ts';
import type { SimulatorOptions } from '../options.ts';
import { createSimulator } from '../simulator.ts';

const USAGE = '/v1/organizations/usage_report/messages';
const COST = '/v1/organizations/cost_report';
const FROM = 'starting_at=2026-11-20T00:00:00Z';

interface Row {
  [field: string]: unknown;
  amount: string;
  cost_type: string | null;
  currency: string;
  speed?: string;
}

/** Every field that an answer may have; a test reads those it expects. */
interface Body {
  data: { starting_at: string; results: Row[]; scope?: unknown }[];
  has_more: boolean;
  next_page: string | null;
  error: { type: string; message: string };
}

/** Rows of the second day of a report that begins with the 20th: today's. */
const today = (body: Body): Row[] => body.data[1]?.results ?? [];

/** A simulator with a clock that the test sets. */
function opened(options: SimulatorOptions = {}) {
  let nowMs = Date.parse('2026-11-21T12:00:30Z');
  const simulator = createSimulator({ nowMs: () => nowMs, eventDelayMs: 0, ...options });
  return {
    simulator,
    at: (instant: string) => {
      nowMs = Date.parse(instant);
    },
    ask: (change: Record<string, unknown> = {}, key = DEFAULT_API_KEY) =>
      simulator.app.request('/v1/messages', {
        method: 'POST',
        body: JSON.stringify({
          model: 'claude-opus-5-5',
          max_tokens: 50,
          messages: [{ role: 'user', content: 'hi' }],
          ...change,
        }),
        headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      }),
    report: async (path: string, headers: Record<string, string> = {}) => {
      const response = await simulator.app.request(path, {
        headers: { 'x-api-key': DEFAULT_ADMIN_KEY, 'anthropic-version': '2023-06-01', ...headers },
      });
      return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
    },
  };
}

describe('a question to the reports', () => {
  it.each([
    [`${USAGE}`, 'starting_at: Field required'],
    [`${USAGE}?starting_at=2026-11-20`, 'starting_at: Input should be a valid RFC 3339'],
    [`${USAGE}?starting_at=2026-13-20T00:00:00Z`, 'starting_at: Input should be a valid RFC 3339'],
    [`${USAGE}?${FROM}&ending_at=2026-11-20T00:00:00Z`, 'ending_at: must be after'],
    [`${USAGE}?${FROM}&bucket_width=1w`, 'bucket_width'],
    [`${USAGE}?${FROM}&bucket_width=toString`, 'bucket_width'],
    [`${USAGE}?${FROM}&limit=32`, 'between 1 and 31'],
    [`${USAGE}?${FROM}&bucket_width=1h&limit=169`, 'between 1 and 168'],
    [`${USAGE}?${FROM}&bucket_width=1m&limit=1441`, 'between 1 and 1440'],
    [`${USAGE}?${FROM}&limit=0`, 'limit'],
    [`${USAGE}?${FROM}&limit=1e1`, 'limit'],
    [`${USAGE}?${FROM}&group_by=model`, 'group_by: Extra inputs'],
    [`${USAGE}?${FROM}&group_by[]=team`, 'group_by[]: Input'],
    [`${USAGE}?${FROM}&group_by[]=speed`, 'fast-mode-2026-02-01'],
    [`${USAGE}?${FROM}&speeds[]=fast`, 'fast-mode-2026-02-01'],
    [`${USAGE}?${FROM}&context_windows[]=0-200k`, 'context_windows[]: Extra inputs'],
    [`${USAGE}?${FROM}&context_window[]=1k`, 'context_window[]: Input'],
    [`${USAGE}?${FROM}&page=page_nonsense`, 'page: Invalid'],
    [`${COST}?${FROM}&bucket_width=1h`, 'bucket_width'],
    [`${COST}?${FROM}&group_by[]=model`, 'group_by[]: Input'],
    [`${COST}?${FROM}&workspace_ids[]=w`, 'Extra inputs'],
  ])('%s is refused with 400 and the parameter at fault', async (path, message) => {
    const { status, body } = await opened().report(path);
    expect(status).toBe(400);
    expect(body.error.type).toBe('invalid_request_error');
    expect(body.error.message).toContain(message);
  });

  it('may group by five dimensions and no more', async () => {
    const groups = ['api_key_id', 'context_window', 'inference_geo', 'model', 'service_tier', 'workspace_id'];
    const query = (count: number) =>
      groups
        .slice(0, count)
        .map((name) => `group_by[]=${name}`)
        .join('&');
    const { report } = opened();
    expect((await report(`${USAGE}?${FROM}&${query(5)}`)).status).toBe(200);
    const refused = await report(`${USAGE}?${FROM}&${query(6)}`);
    expect(refused.body.error.message).toBe('Cannot specify more than 5 group_by[] dimensions.');
  });

  it('needs the admin key', async () => {
    const { report } = opened();
    for (const path of [USAGE, COST, '/v1/organizations/api_keys']) {
      const refused = await report(`${path}?${FROM}`, { 'x-api-key': DEFAULT_API_KEY });
      expect([refused.status, refused.body.error.type]).toEqual([401, 'authentication_error']);
    }
    const granted = await report(`${COST}?${FROM}`);
    expect(granted.headers.get('anthropic-organization-id')).not.toBeNull();
    expect(granted.headers.get('anthropic-workspace-id')).toBeNull();
  });
});

describe('buckets', () => {
  const count = async (path: string) => (await opened().report(path)).body.data.length;

  it('come one per interval, the idle ones empty, oldest first, up to the one that contains now', async () => {
    const { body } = await opened().report(`${USAGE}?starting_at=2026-11-19T15:00:00Z`);
    expect(body).toEqual({
      data: [
        { starting_at: '2026-11-19T00:00:00Z', ending_at: '2026-11-20T00:00:00Z', results: [] },
        { starting_at: '2026-11-20T00:00:00Z', ending_at: '2026-11-21T00:00:00Z', results: [] },
        { starting_at: '2026-11-21T00:00:00Z', ending_at: '2026-11-22T00:00:00Z', results: [] },
      ],
      has_more: false,
      next_page: null,
    });
  });

  it('end by ending_at: a started one is dropped, a future one is empty', async () => {
    expect(await count(`${USAGE}?${FROM}&ending_at=2026-11-21T23:59:59Z`)).toBe(1);
    expect(await count(`${USAGE}?${FROM}&ending_at=2026-11-25T00:00:00Z`)).toBe(5);
    expect(await count(`${USAGE}?starting_at=2026-11-25T00:00:00Z`)).toBe(0);
  });

  it('are cut in UTC, whatever offset the question is written in', async () => {
    const { body } = await opened().report(
      `${USAGE}?bucket_width=1h&limit=1&starting_at=2026-11-20T00:30:00%2B05:30`,
    );
    expect(body.data[0]?.starting_at).toBe('2026-11-19T19:00:00Z');
  });

  it.each([
    ['1d', 7],
    ['1h', 24],
    ['1m', 60],
  ])('of %s come %i to a page unless asked otherwise', async (width, expected) => {
    const path = `${USAGE}?starting_at=2026-11-01T00:00:00Z&ending_at=2026-11-21T00:00:00Z&bucket_width=${width}`;
    const { body } = await opened().report(path);
    expect(body.data).toHaveLength(expected);
    expect(body.has_more).toBe(true);
  });

  it('of a later page need the very question that the page token was given out for', async () => {
    const { report } = opened();
    const first = await report(`${USAGE}?${FROM}&limit=1`);
    const next = `page=${first.body.next_page}`;
    const second = await report(`${USAGE}?${FROM}&limit=1&${next}`);
    expect(second.body).toMatchObject({
      data: [{ starting_at: '2026-11-21T00:00:00Z' }],
      has_more: false,
      next_page: null,
    });
    expect((await report(`${USAGE}?${FROM}&limit=2&${next}`)).status).toBe(400);
  });
});

describe('the usage report', () => {
  it('has null in every dimension that was not asked for, and the sums of all', async () => {
    const { ask, report } = opened();
    const { usage } = (await (await ask()).json()) as {
      usage: Record<'input_tokens' | 'output_tokens', number>;
    };
    await ask();
    const { body } = await report(`${USAGE}?${FROM}`);
    expect(today(body)).toEqual([
      {
        account_id: null,
        api_key_id: null,
        service_account_id: null,
        workspace_id: null,
        model: null,
        service_tier: null,
        context_window: null,
        inference_geo: null,
        uncached_input_tokens: 2 * usage.input_tokens,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        cache_read_input_tokens: 0,
        output_tokens: 2 * usage.output_tokens,
        server_tool_use: { web_search_requests: 0 },
      },
    ]);
  });

  it('says null for the default workspace and not_available for models without geography', async () => {
    const apiKeys = [
      { key: 'one', id: 'apikey_1', workspaceId: null },
      { key: 'two', id: 'apikey_2', workspaceId: 'wrkspc_2' },
    ];
    const { ask, report, simulator } = opened({ apiKeys });
    await ask({ model: 'claude-haiku-4-5' }, 'one');
    await ask({ inference_geo: 'us' }, 'two');
    const path = `${USAGE}?${FROM}&group_by[]=workspace_id&group_by[]=api_key_id&group_by[]=inference_geo&group_by[]=model`;
    const rows = today((await report(path)).body);
    expect(rows).toMatchObject([
      {
        api_key_id: 'apikey_1',
        workspace_id: null,
        inference_geo: 'not_available',
        model: 'claude-haiku-4-5-20251001',
      },
      { api_key_id: 'apikey_2', workspace_id: 'wrkspc_2', inference_geo: 'us', model: 'claude-opus-5-5' },
    ]);
    const only = async (filter: string) => today((await report(`${path}&${filter}`)).body);
    expect(await only('workspace_ids[]=wrkspc_2')).toEqual([rows[1]]);
    expect(await only(`workspace_ids[]=${simulator.defaultWorkspaceId}`)).toEqual([rows[0]]);
    expect(await only('models[]=claude-opus-5-5&models[]=claude-haiku-4-5-20251001')).toEqual(rows);
    expect(await only('inference_geos[]=us&models[]=claude-haiku-4-5-20251001')).toEqual([]);
    expect(await only('account_ids[]=user_1')).toEqual([]);
    expect(await only('service_tiers[]=batch')).toEqual([]);
  });

  it('knows speed only under its beta', async () => {
    const { ask, report } = opened();
    await ask({ speed: 'fast' });
    await ask();
    const beta = { 'anthropic-beta': 'other, fast-mode-2026-02-01' };
    const rows = today((await report(`${USAGE}?${FROM}&group_by[]=speed`, beta)).body);
    expect(rows.map(({ speed }) => speed)).toEqual(['fast', 'standard']);
    expect(today((await report(`${USAGE}?${FROM}&speeds[]=fast`, beta)).body)).toHaveLength(1);
    expect(today((await report(`${USAGE}?${FROM}`)).body)[0]).not.toHaveProperty('speed');
  });

  it('lists a long prompt under its own context window', async () => {
    const { ask, report } = opened();
    await ask({ messages: [{ role: 'user', content: 'x'.repeat(500_000 - 10) }] });
    await ask({ messages: [{ role: 'user', content: 'x'.repeat(500_000) }] });
    const rows = today((await report(`${USAGE}?${FROM}&group_by[]=context_window`)).body);
    expect(rows).toMatchObject([
      { context_window: '0-200k', uncached_input_tokens: 200_000 },
      { context_window: '200k-1M', uncached_input_tokens: 200_004 },
    ]);
  });
});

describe('the cost report', () => {
  it('has one row a day with nothing but an amount in cents', async () => {
    const { ask, report, simulator } = opened();
    await ask();
    const { body } = await report(`${COST}?${FROM}`);
    const [row, ...others] = today(body);
    expect(others).toEqual([]);
    expect(body.data[0]?.results).toEqual([]);
    if (row === undefined) throw new Error('no row');
    const { currency, amount, ...dimensions } = row;
    expect(currency).toBe('USD');
    expect(Object.values(dimensions)).toEqual(Array(8).fill(null));
    // Two places apart: 0.000123 USD are 0.0123 cents.
    const [, cents = ''] = amount.split('.');
    const [, usd = ''] = simulator.served().billedUsd.split('.');
    expect(`00${cents}`).toBe(usd);
  });

  it('names model, token type, tier and window by description, and web searches as a line without them', async () => {
    const { ask, report } = opened();
    await ask({ tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 1 }] });
    const rows = today((await report(`${COST}?${FROM}&group_by[]=description`)).body);
    expect(rows).toMatchObject([
      {
        description: 'Claude Opus 5.5 Usage - Input Tokens',
        cost_type: 'tokens',
        model: 'claude-opus-5-5',
        token_type: 'uncached_input_tokens',
        service_tier: 'standard',
        context_window: '0-200k',
        inference_geo: 'global',
        workspace_id: null,
      },
      { description: 'Claude Opus 5.5 Usage - Output Tokens', token_type: 'output_tokens' },
      {
        description: 'Web Search Usage',
        cost_type: 'web_search',
        model: null,
        token_type: null,
        amount: '1',
      },
    ]);
  });

  it('splits by workspace only when asked, and names the default one null', async () => {
    const apiKeys = [
      { key: 'one', id: 'apikey_1', workspaceId: null },
      { key: 'two', id: 'apikey_2', workspaceId: 'wrkspc_2' },
    ];
    const { ask, report } = opened({ apiKeys });
    await ask({}, 'one');
    await ask({}, 'two');
    const workspaces = async (groups: string) =>
      today((await report(`${COST}?${FROM}&${groups}`)).body).map((row) => row['workspace_id']);
    expect(await workspaces('group_by[]=description')).toEqual([null, null]);
    expect(await workspaces('group_by[]=workspace_id')).toEqual(['wrkspc_2', null]);
    expect(await workspaces('group_by[]=description&group_by[]=workspace_id')).toHaveLength(4);
  });

  it('bills what a web search found as input', async () => {
    const { ask, report } = opened();
    const response = await ask({ tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 1 }] });
    const { usage } = (await response.json()) as { usage: { input_tokens: number } };
    const [row] = today((await report(`${USAGE}?${FROM}`)).body);
    expect(row?.['uncached_input_tokens']).toBe(usage.input_tokens);
    expect(row?.['server_tool_use']).toEqual({ web_search_requests: 1 });
  });

  it('places an extra amount in an ordinary line of its day, and in nothing else', async () => {
    const lines = async (extraBilledUsd: string) => {
      const { ask, at, report, simulator } = opened({ extraBilledUsd });
      await ask();
      at('2026-11-22T00:00:00Z');
      await ask();
      const { body } = await report(`${COST}?${FROM}&group_by[]=description`);
      return { days: body.data, usage: (await report(`${USAGE}?${FROM}`)).body, served: simulator.served() };
    };
    const honest = await lines('0');
    const padded = await lines('0.010000000');
    const withoutAmounts = (days: object[]) => JSON.stringify(days).replaceAll(/"amount":"[^"]*"/g, '');
    expect(withoutAmounts(padded.days)).toBe(withoutAmounts(honest.days));
    expect(padded.usage).toEqual(honest.usage);
    expect(padded.days[2]).toEqual(honest.days[2]);
    const [before, after] = [honest, padded].map(({ days }) => days[1]?.results ?? []);
    const changed = after?.filter(({ amount }, index) => amount !== before?.[index]?.amount) ?? [];
    expect(changed.map(({ cost_type }) => cost_type)).toEqual(['tokens']);
    const difference = picoUsdFrom(padded.served.billedUsd) - picoUsdFrom(honest.served.billedUsd);
    expect(difference).toBe(picoUsdFrom('0.01'));
  });
});

describe('the list of keys', () => {
  const apiKeys = [1, 2, 3].map((n) => ({
    key: `sk-ant-api03-${String(n).repeat(30)}`,
    id: `apikey_${n}`,
    workspaceId: n === 1 ? null : `wrkspc_${n}`,
  }));

  it('links ids to hints, page by page, and shows no more of a key than its hint', async () => {
    const { report } = opened({ apiKeys });
    const first = await report('/v1/organizations/api_keys?limit=2');
    expect(first.body).toMatchObject({
      data: [
        { id: 'apikey_1', partial_key_hint: 'sk-ant-api03-111...1111', workspace_id: null },
        { id: 'apikey_2', workspace_id: 'wrkspc_2' },
      ],
      has_more: true,
      last_id: 'apikey_2',
    });
    const second = await report('/v1/organizations/api_keys?limit=2&after_id=apikey_2');
    expect(second.body).toMatchObject({ data: [{ id: 'apikey_3' }], has_more: false });
    for (const { key } of apiKeys) expect(JSON.stringify([first.body, second.body])).not.toContain(key);
    expect((await report('/v1/organizations/api_keys?after_id=apikey_9')).status).toBe(400);
    expect((await report('/v1/organizations/api_keys?limit=1001')).status).toBe(400);
  });

  it('names the scope, and the real id of the default workspace, to newer versions', async () => {
    const { report, simulator } = opened({ apiKeys });
    const { body } = await report('/v1/organizations/api_keys?limit=1', {
      'anthropic-version': '2026-10-21',
    });
    expect(body.data[0]?.scope).toEqual({ type: 'workspace', workspace_id: simulator.defaultWorkspaceId });
    expect(body.data[0]).not.toHaveProperty('workspace_id');
  });
});
