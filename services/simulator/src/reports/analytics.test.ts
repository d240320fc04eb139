import { describe, expect, it } from 'vitest';
import { DEFAULT_ADMIN_KEY, DEFAULT_API_KEY } from '../keys.ts';
import { createSimulator } from '../simulator.ts';

const USAGE = '/v1/organizations/analytics/usage';
const COST = '/v1/organizations/analytics/cost';
const DAY = 'starting_at=2026-11-21T00:00:00Z&ending_at=2026-11-22T00:00:00Z';
const BUCKETS = `${DAY}&time_bucket_width=1h`;
const BETA = { 'anthropic-beta': 'analytics-usage-cost-2026-08-24' };

interface Row {
  starting_at: string;
  group: Record<string, string | null>;
  usage: Record<string, unknown>;
  cost: Record<string, unknown>;
}

interface Body {
  data: Row[];
  data_refreshed_at: string;
  has_more: boolean;
  next_page: string | null;
  error: { type: string; message: string };
}

/** Two hours of one day: 10:00 holds two calls of one model, 11:00 one of each of two. */
async function opened() {
  let nowMs = Date.parse('2026-11-21T10:00:30Z');
  const simulator = createSimulator({ nowMs: () => nowMs, eventDelayMs: 0 });
  const ask = (model: string) =>
    simulator.app.request('/v1/messages', {
      method: 'POST',
      body: JSON.stringify({ model, max_tokens: 50, messages: [{ role: 'user', content: 'hi' }] }),
      headers: { 'x-api-key': DEFAULT_API_KEY, 'anthropic-version': '2023-06-01' },
    });
  await ask('claude-opus-5-5');
  await ask('claude-opus-5-5');
  nowMs += 3_600_000;
  await ask('claude-opus-5-5');
  await ask('claude-haiku-4-5');
  await simulator.idle();
  const report = async (path: string, headers: Record<string, string> = BETA) => {
    const identity = { 'x-api-key': DEFAULT_ADMIN_KEY, 'anthropic-version': '2026-10-21' };
    const response = await simulator.app.request(path, { headers: { ...identity, ...headers } });
    return { status: response.status, body: (await response.json()) as Body };
  };
  return { simulator, report };
}

const centsOf = ({ data }: Body) => data.reduce((sum, { cost }) => sum + Number(cost['amount']), 0);

describe('a question to the analytics reports', () => {
  it.each([
    [`${USAGE}?`, 'starting_at: Field required'],
    [`${USAGE}?starting_at=2026-11-20T00:00:00Z&time_bucket_width=1d`, 'ending_at: Field required'],
    [`${USAGE}?starting_at=2025-12-31T00:00:00Z`, 'too far back'],
    [`${USAGE}?starting_at=2026-10-01T00:00:00Z&ending_at=2026-11-21T00:00:00Z`, 'range too long'],
    [
      `${USAGE}?starting_at=2026-11-19T00:00:00Z&ending_at=2026-11-21T00:00:00Z&time_bucket_width=1m`,
      'range too long',
    ],
    [`${USAGE}?${DAY}&limit=1001`, 'between 1 and 1000'],
    [`${USAGE}?${DAY}&bucket_width=1d`, 'bucket_width: Extra inputs'],
    [`${USAGE}?${DAY}&group_by[]=cost_type`, 'group_by[]: Input'],
    [`${USAGE}?${DAY}&order_by=amount`, 'order_by'],
    [`${USAGE}?${DAY}&page=bm9uc2Vuc2U`, 'page: Invalid'],
  ])('%s is refused with 400 and the parameter at fault', async (path, message) => {
    const { status, body } = await (await opened()).report(path);
    expect(status).toBe(400);
    expect(body.error.message).toContain(message);
  });

  it('is not found without the beta header', async () => {
    expect((await (await opened()).report(`${USAGE}?${DAY}`, {})).status).toBe(404);
  });

  it('counts kinds of cost beside the five dimensions', async () => {
    const five = ['model', 'speed', 'service_tier', 'api_key_id', 'workspace_id'];
    const query = [...five, 'cost_type', 'token_type'].map((name) => `group_by[]=${name}`).join('&');
    expect((await (await opened()).report(`${COST}?${DAY}&${query}`)).status).toBe(200);
    expect((await (await opened()).report(`${COST}?${DAY}&${query}&group_by[]=product`)).status).toBe(400);
  });
});

describe('rows', () => {
  it('come for what has usage alone, the largest first, with every dimension and the asked ones filled', async () => {
    const { body } = await (await opened()).report(`${USAGE}?${BUCKETS}&group_by[]=model&order_by=requests`);
    expect(
      body.data.map(({ starting_at, group, usage }) => [starting_at, group['model'], usage['requests']]),
    ).toEqual([
      ['2026-11-21T10:00:00.000Z', 'claude-opus-5-5', 2],
      ['2026-11-21T11:00:00.000Z', 'claude-haiku-4-5-20251001', 1],
      ['2026-11-21T11:00:00.000Z', 'claude-opus-5-5', 1],
    ]);
    expect(Object.keys(body.data[0]?.group ?? {})).toHaveLength(20);
    expect(body.data[0]?.group).toMatchObject({ workspace_id: null, actor: null });
  });

  it('by time, oldest first, page for page, whatever the size of a page', async () => {
    const { report } = await opened();
    const path = `${USAGE}?${BUCKETS}&group_by[]=model&order_by=time&order=asc`;
    const whole = await report(path);
    const first = await report(`${path}&limit=2`);
    const second = await report(`${path}&limit=2&page=${first.body.next_page}`);
    expect([...first.body.data, ...second.body.data]).toEqual(whole.body.data);
    expect([first.body.has_more, second.body.has_more, second.body.next_page]).toEqual([true, false, null]);
    expect((await report(`${path}&limit=3&page=${first.body.next_page}`)).status).toBe(400);
  });

  it('are one sum without buckets and groups', async () => {
    const { body } = await (await opened()).report(`${USAGE}?${DAY}`);
    expect(body.data).toMatchObject([{ starting_at: '2026-11-21T00:00:00.000Z', usage: { requests: 4 } }]);
  });

  it('name the default workspace by its id, and are narrowed by a filter', async () => {
    const { report, simulator } = await opened();
    const path = `${USAGE}?${DAY}&group_by[]=workspace_id&models[]=claude-haiku-4-5-20251001`;
    expect((await report(path)).body.data).toMatchObject([
      { group: { workspace_id: simulator.defaultWorkspaceId }, usage: { requests: 1 } },
    ]);
  });
});

describe('costs', () => {
  it('add up to the bill, by kind, by kind and tokens, and in one sum', async () => {
    const { report, simulator } = await opened();
    const cents = Number(simulator.served().billedUsd) * 100;
    for (const groups of ['', '&group_by[]=cost_type', '&group_by[]=cost_type&group_by[]=token_type']) {
      expect(centsOf((await report(`${COST}?${DAY}${groups}`)).body)).toBeCloseTo(cents, 9);
    }
  });

  it('count requests only where a row is not a part of one', async () => {
    const { report } = await opened();
    expect((await report(`${COST}?${DAY}`)).body.data[0]?.cost['requests']).toBe(4);
    expect((await report(`${COST}?${DAY}&group_by[]=cost_type`)).body.data[0]?.cost['requests']).toBeNull();
  });
});
