import { describe, expect, it } from 'vitest';
import { everyTokenType } from '../billing/book.ts';
import type { BilledUse } from '../billing/charge.ts';
import { DEFAULT_ADMIN_KEY } from '../keys.ts';
import type { SimulatorOptions } from '../options.ts';
import { createSimulator } from '../simulator.ts';

/** What is put on the bill without a call: histories, and whatever a reconciliation must find. */
const NOON = Date.parse('2026-11-20T12:00:00Z');
const DAY = 'starting_at=2026-11-20T00:00:00Z&ending_at=2026-11-21T00:00:00Z';

const use = (change: Partial<BilledUse> = {}): BilledUse => ({
  startedMs: NOON,
  endedMs: NOON,
  apiKeyId: 'apikey_01SimulatorDefault',
  workspaceId: null,
  model: 'claude-opus-5-5',
  speed: 'standard',
  inferenceGeo: 'global',
  tokens: { ...everyTokenType(0), uncached_input_tokens: 1_000_000, output_tokens: 1_000_000 },
  webSearches: 0,
  ...change,
});

interface Row {
  [field: string]: unknown;
  group: Record<string, string | null>;
  usage: Record<string, unknown>;
  cost: Record<string, unknown>;
}

function opened(options: SimulatorOptions = {}) {
  let nowMs = NOON + 3 * 3_600_000;
  const simulator = createSimulator({ ...options, nowMs: () => nowMs });
  const report = async (path: string) => {
    const headers = {
      'x-api-key': DEFAULT_ADMIN_KEY,
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'analytics-usage-cost-2026-08-24',
    };
    const response = await simulator.app.request(`/v1/organizations/${path}`, { headers });
    expect(response.status).toBe(200);
    return (await response.json()) as { data: (Row & { results: Row[] })[]; data_refreshed_at: string };
  };
  return {
    simulator,
    report,
    rows: async (path: string) => (await report(path)).data.flatMap((item) => item.results ?? [item]),
    at: (instantMs: number) => {
      nowMs = instantMs;
    },
  };
}

describe('a bill of things that nobody called for here', () => {
  it('charges half in a batch, and nothing for priority capacity or a free refusal, though it counts their tokens', async () => {
    const { simulator, rows } = opened();
    simulator.bill(use());
    simulator.bill(use({ serviceTier: 'batch' }));
    simulator.bill(use({ serviceTier: 'priority' }));
    simulator.bill(use({ isBilled: false }));
    expect(simulator.served().billedUsd).toBe('36');
    const usage = await rows(`usage_report/messages?${DAY}&group_by[]=service_tier`);
    expect(usage.map((row) => [row['service_tier'], row['output_tokens']])).toEqual([
      ['batch', 1_000_000],
      ['priority', 1_000_000],
      ['standard', 2_000_000],
    ]);
    const costs = await rows(`cost_report?${DAY}&group_by[]=description`);
    expect(costs.map((row) => [row['service_tier'], row['amount']]).sort()).toEqual([
      ['batch', '1000'],
      ['batch', '200'],
      ['standard', '2000'],
      ['standard', '400'],
    ]);
  });

  it('has lines for container and session hours in both cost reports, and in no count of tokens', async () => {
    const { simulator, rows } = opened();
    const where = { atMs: NOON, apiKeyId: null, workspaceId: null };
    const hours = { costType: 'code_execution', description: 'Code Execution Usage' };
    simulator.billFee({ ...where, ...hours, listPicoUsd: 50_000_000_000n, cause: 'code_execution' });
    const [cost] = await rows(`cost_report?${DAY}&group_by[]=description`);
    expect(cost).toMatchObject({ cost_type: 'code_execution', model: null, amount: '5' });
    const [analytics] = await rows(`analytics/cost?${DAY}&group_by[]=cost_type&group_by[]=model`);
    expect(analytics?.group).toMatchObject({ cost_type: 'code_execution', model: null, product: null });
    expect(analytics?.cost).toMatchObject({ amount: '5', list_amount: '5' });
    expect(await rows(`usage_report/messages?${DAY}`)).toEqual([]);
    expect(await rows(`analytics/usage?${DAY}`)).toEqual([]);
    expect(simulator.billedCauses()).toEqual([{ cause: 'code_execution', usd: '0.05' }]);
  });

  it('takes a price that changes at midnight, for what was admitted from then on', () => {
    const priceChanges = [{ model: 'claude-opus-5-5', from: '2026-11-20', columns: '1 1.25 2 0.10 3' }];
    const { simulator } = opened({ priceChanges });
    const midnightMs = Date.parse('2026-11-20T00:00:00Z');
    simulator.bill(use({ startedMs: midnightMs - 1, endedMs: midnightMs, cause: 'before' }));
    simulator.bill(use({ startedMs: midnightMs, endedMs: midnightMs, cause: 'after' }));
    expect(simulator.billedCauses()).toEqual([
      { cause: 'before', usd: '24' },
      { cause: 'after', usd: '4' },
    ]);
  });

  it('shows what is late only when it comes, each family of reports after its own delay', async () => {
    const hours = 3_600_000;
    const { simulator, report, rows, at } = opened({ reportLagMs: hours, analyticsLagMs: 4 * hours });
    simulator.bill(use());
    simulator.bill(use({ shownFromMs: NOON + 48 * hours }));
    const outputs = async (path: string) =>
      (await rows(path)).map((row) => row['output_tokens'] ?? row.usage['output_tokens']);
    expect(await outputs(`usage_report/messages?${DAY}`)).toEqual([1_000_000]);
    expect(await report(`analytics/usage?${DAY}`)).toMatchObject({
      data: [],
      data_refreshed_at: '2026-11-20T11:00:00.000Z',
    });
    at(NOON + 4 * hours);
    expect(await outputs(`analytics/usage?${DAY}`)).toEqual([1_000_000]);
    at(NOON + 48 * hours);
    expect(await outputs(`analytics/usage?${DAY}`)).toEqual([2_000_000]);
    expect(await outputs(`usage_report/messages?${DAY}`)).toEqual([2_000_000]);
  });

  it('reports what Claude Code did, by key and model, with an estimate in cents', async () => {
    const key = { key: 'sk-ant-api03-code-opens-nothing-0000000001', id: 'ci-runner', workspaceId: null };
    const { simulator, rows } = opened({ apiKeys: [{ ...key, isClaudeCode: true }] });
    simulator.bill(use({ apiKeyId: 'ci-runner' }));
    simulator.bill(use());
    expect(await rows('usage_report/claude_code?starting_at=2026-11-20')).toMatchObject([
      {
        actor: { type: 'api_actor', api_key_name: 'ci-runner' },
        customer_type: 'api',
        core_metrics: { num_sessions: 1 },
        model_breakdown: [
          {
            model: 'claude-opus-5-5',
            tokens: { input: 1_000_000, output: 1_000_000, cache_read: 0, cache_creation: 0 },
            estimated_cost: { currency: 'USD', amount: 2400 },
          },
        ],
      },
    ]);
    const groups = await rows(`analytics/usage?${DAY}&group_by[]=product`);
    expect(groups.map(({ group }) => group['product']).sort()).toEqual(['claude_code', 'messages_api']);
  });
});
