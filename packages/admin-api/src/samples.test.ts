import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readAnalyticsPages } from './analytics-pages.ts';
import { analyticsCostRow, analyticsUsageRow } from './analytics-rows.ts';
import { readBucketPages } from './bucket-pages.ts';
import { costBucketFrom } from './cost-report.ts';
import { fakeProvider } from './testing/fake-provider.ts';
import { usageBucketFrom } from './usage-report-messages.ts';

/** The examples of the provider's own documentation. They lie beside the checkout and are not part of it. */
const folder = new URL('../../../../shared/admin-api-samples/', import.meta.url);
const range = {
  report: 'sample',
  fromMs: Date.parse('2025-08-01T00:00:00Z'),
  toMs: Date.parse('2025-08-02T00:00:00Z'),
  widthMs: 86_400_000,
  overUntilMs: Date.parse('2025-08-02T00:00:00Z'),
};

/** The examples say has_more, and there is no second page to ask for. */
function samplePage(name: string, skip: (reason: string) => never) {
  const path = fileURLToPath(new URL(name, folder));
  if (!existsSync(path)) skip('no samples');
  return { ...JSON.parse(readFileSync(path, 'utf8')), has_more: false, next_page: null };
}

function readSample(name: string, skip: (reason: string) => never) {
  const page = samplePage(name, skip);
  return readBucketPages(range, async () => page);
}

it('the documented usage report is understood', async ({ skip }) => {
  const [raw] = await readSample('usage_report-retrieve_messages.json', skip);
  if (raw === undefined) throw new Error('the sample has no bucket');
  const [row] = usageBucketFrom(raw, [
    'model',
    'api_key_id',
    'service_tier',
    'inference_geo',
    'context_window',
  ]).rows;
  expect(row).toEqual({
    group: {
      model: 'claude-opus-4-6',
      api_key_id: 'apikey_01Rj2N8SVvo6BePZj99NhmiT',
      service_tier: 'standard',
      inference_geo: 'global',
      context_window: '0-200k',
    },
    usage: {
      uncachedInputTokens: 1500,
      cacheReadInputTokens: 200,
      cacheWrite5mInputTokens: 500,
      cacheWrite1hInputTokens: 1000,
      outputTokens: 500,
      webSearchRequests: 10,
    },
    requests: null,
    unknownCounts: {},
  });
});

it('the documented cost report is understood', async ({ skip }) => {
  const [raw] = await readSample('cost_report-retrieve.json', skip);
  if (raw === undefined) throw new Error('the sample has no bucket');
  const [row] = costBucketFrom(raw, ['description', 'workspace_id']).rows;
  expect(row).toMatchObject({
    amountPicoUsd: 1_237_891_200_000n,
    group: {
      workspace_id: 'wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ',
      description: 'Claude Sonnet 4 Usage - Input Tokens',
      token_type: 'uncached_input_tokens',
    },
  });
});

describe('the documented analytics reports, whose instants are placeholders that are no bucket', () => {
  const place = { starting_at: '2025-08-01T00:00:00Z', ending_at: '2025-08-02T00:00:00Z' };

  async function flatOf(name: string, skip: (reason: string) => never) {
    const page = samplePage(name, skip);
    const data = page.data.map((item: object) => ({ ...item, ...place }));
    const { rows } = await readAnalyticsPages({ ...range, bucketWidth: '1d' }, async () => ({
      ...page,
      data,
    }));
    return rows.map(({ flat }) => flat);
  }

  it('usage', async ({ skip }) => {
    const [flat = {}] = await flatOf('analytics-usage-list.json', skip);
    expect(analyticsUsageRow('sample', flat, ['model', 'product', 'speed'])).toMatchObject({
      group: { model: 'claude-opus-4-6', product: 'chat', speed: 'fast' },
      usage: { cacheWrite1hInputTokens: 1000, cacheWrite5mInputTokens: 500, webSearchRequests: 10 },
      requests: 0,
      unknownCounts: {},
    });
  });

  it('usage per user', async ({ skip }) => {
    const [flat = {}] = await flatOf('analytics-usage-list_by_user.json', skip);
    expect(analyticsUsageRow('sample', flat, ['actor']).group.actor).toMatch(/^user_/);
  });

  it('cost, whose amounts are words instead of figures', async ({ skip }) => {
    const [flat = {}] = await flatOf('analytics-cost-list.json', skip);
    const amounts = { amount: '41280.000000', list_amount: '51600.000000' };
    expect(analyticsCostRow('sample', { ...flat, ...amounts }, ['cost_type', 'token_type'])).toMatchObject({
      group: { cost_type: 'code_execution', token_type: 'cache_creation.ephemeral_1h_input_tokens' },
      amountPicoUsd: 412_800_000_000_000n,
    });
    expect(() => analyticsCostRow('sample', flat, [])).toThrow('not a decimal of cents');
  });

  it('cost per user', async ({ skip }) => {
    const [flat = {}] = await flatOf('analytics-cost-list_by_user.json', skip);
    expect(analyticsCostRow('sample', flat, ['actor', 'model'])).toEqual({
      group: { actor: 'user_01AbCdEfGhIjKlMnOpQrSt', model: 'claude-opus-4-6' },
      amountPicoUsd: 412_800_000_000_000n,
      listAmountPicoUsd: 516_000_000_000_000n,
      requests: 128,
    });
  });
});

describe('the documented Claude Code reports', () => {
  it.each([
    ['usage_report-retrieve_claude_code.json', '2025-08-08', 15],
    ['guide-claude-code-analytics-api.json', '2025-09-08', 5],
  ])('%s', async (name, day, sessions) => {
    if (!existsSync(fileURLToPath(folder))) return;
    const page = samplePage(name, () => {
      throw new Error(`${name} is missing`);
    });
    const rows = await fakeProvider(() => page).adminApi.claudeCode(Date.parse(day));
    expect(rows).toMatchObject([{ sessions, customerType: 'api', actor: { kind: 'person' } }]);
  });
});
