import { describe, expect, it } from 'vitest';
import { fakeProvider, lastPage } from './testing/fake-provider.ts';

const DAY_MS = Date.parse('2026-11-18T00:00:00Z');
const malformed = { code: 'TALLYGATE_REPORT_MALFORMED' };

const model = {
  model: 'claude-opus-5',
  tokens: { input: 51_000, output: 17_300, cache_read: 900_000, cache_creation: 22_000 },
  estimated_cost: { currency: 'USD', amount: 186.25 },
};

function row(changes: Record<string, unknown> = {}) {
  return {
    date: '2026-11-18T00:00:00Z',
    actor: { type: 'api_actor', api_key_name: 'ci-runner' },
    organization_id: '00000000-0000-0000-0000-000000000000',
    customer_type: 'api',
    subscription_type: null,
    terminal_type: 'vscode',
    is_remote: false,
    core_metrics: {
      num_sessions: 4,
      lines_of_code: { added: 310, removed: 95 },
      commits_by_claude_code: 3,
      pull_requests_by_claude_code: 1,
    },
    tool_actions: {
      edit_tool: { accepted: 12, rejected: 1 },
      tool_of_tomorrow: { accepted: 2, rejected: 0 },
    },
    model_breakdown: [model],
    ...changes,
  };
}

const read = (...rows: unknown[]) => fakeProvider(() => lastPage(rows)).adminApi.claudeCode(DAY_MS);

describe('a day of Claude Code', () => {
  it('is every field of every row', async () => {
    expect(await read(row())).toEqual([
      {
        dayMs: DAY_MS,
        actor: { kind: 'key', name: 'ci-runner' },
        organizationId: '00000000-0000-0000-0000-000000000000',
        customerType: 'api',
        subscriptionType: null,
        terminalType: 'vscode',
        isRemote: false,
        sessions: 4,
        linesAdded: 310,
        linesRemoved: 95,
        commits: 3,
        pullRequests: 1,
        toolActions: {
          edit_tool: { accepted: 12, rejected: 1 },
          tool_of_tomorrow: { accepted: 2, rejected: 0 },
        },
        models: [
          {
            model: 'claude-opus-5',
            uncachedInputTokens: 51_000,
            outputTokens: 17_300,
            cacheReadInputTokens: 900_000,
            cacheWriteInputTokens: 22_000,
            estimatedCostPicoUsd: 1_862_500_000_000n,
          },
        ],
      },
    ]);
  });

  it('is asked for by its date, and read over all its pages', async () => {
    const provider = fakeProvider(({ query }) =>
      query.has('page')
        ? lastPage([row({ terminal_type: 'tmux' })])
        : { data: [row()], has_more: true, next_page: 'page_2' },
    );
    expect(await provider.adminApi.claudeCode(DAY_MS)).toHaveLength(2);
    expect(Object.fromEntries(provider.asked[1]?.query ?? [])).toEqual({
      starting_at: '2026-11-18',
      limit: '1000',
      page: 'page_2',
    });
  });

  it('keeps one actor at two terminals, and by subscription, as rows of their own', async () => {
    const subscribed = row({ customer_type: 'subscription', subscription_type: 'team' });
    await expect(read(row(), row({ is_remote: true }), subscribed)).resolves.toHaveLength(3);
  });

  it('is read where a row says less than is documented, or names somebody of a new kind', async () => {
    const bot = (id: string) => ({ actor: { type: 'service_account_actor', service_account_id: id } });
    const terse = { customer_type: undefined, terminal_type: null, organization_id: undefined };
    const rows = await read(row(bot('svac_1')), row({ ...bot('svac_2'), ...terse }));
    expect(rows.map(({ actor }) => actor)).toMatchObject([
      { kind: 'other', type: 'service_account_actor', id: expect.stringContaining('svac_1') },
      { kind: 'other', id: expect.stringContaining('svac_2') },
    ]);
    expect(rows[1]).toMatchObject({ customerType: null, terminalType: null, organizationId: null });
  });

  it.each([
    ['the dust of a float', { currency: 'USD', amount: 141.00000000000003 }, 1_410_000_000_000n],
    ['less than pico-USD', { currency: 'USD', amount: 1e-12 }, 0n],
    ['another currency', { currency: 'EUR', amount: 1 }, null],
  ])('reads an estimate of %s', async (_case, estimated_cost, amount) => {
    const [read1] = await read(row({ model_breakdown: [{ ...model, estimated_cost }] }));
    expect(read1?.models[0]?.estimatedCostPicoUsd).toBe(amount);
  });

  it.each<[string, unknown[]]>([
    ['a row twice', [row(), row()]],
    ['a model of a row twice', [row({ model_breakdown: [model, model] })]],
    ['a row of another day', [row({ date: '2026-11-17T00:00:00Z' })]],
    ['a metric left out', [row({ core_metrics: { num_sessions: 4 } })]],
    ['tokens as text', [row({ model_breakdown: [{ ...model, tokens: { ...model.tokens, output: '1' } }] })]],
    [
      'an estimate as text',
      [row({ model_breakdown: [{ ...model, estimated_cost: { currency: 'USD', amount: '1' } }] })],
    ],
  ])('with %s is refused', async (_fault, rows) => {
    await expect(read(...rows)).rejects.toMatchObject(malformed);
  });
});
