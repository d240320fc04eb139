import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readBucketPages } from './bucket-pages.ts';
import { costBucketFrom } from './cost-report.ts';
import { usageBucketFrom } from './usage-report-messages.ts';

/** The examples of the provider's own documentation. They lie beside the checkout and are not part of it. */
const folder = new URL('../../../../shared/admin-api-samples/', import.meta.url);
const range = {
  report: 'sample',
  fromMs: Date.parse('2025-08-01T00:00:00Z'),
  toMs: Date.parse('2025-08-02T00:00:00Z'),
  widthMs: 86_400_000,
};

function readSample(name: string, skip: (reason: string) => never) {
  const path = fileURLToPath(new URL(name, folder));
  if (!existsSync(path)) skip('no samples');
  // The examples say has_more, and there is no second page to ask for.
  const page = { ...JSON.parse(readFileSync(path, 'utf8')), has_more: false, next_page: null };
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
    unknownCounts: {},
  });
});

it('the documented cost report is understood', async ({ skip }) => {
  const [raw] = await readSample('cost_report-retrieve.json', skip);
  if (raw === undefined) throw new Error('the sample has no bucket');
  const [row] = costBucketFrom(raw, ['description', 'workspace_id']).rows;
  expect(row).toMatchObject({
    amountPicoUsd: 1_237_891_200_000n,
    workspaceId: 'wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ',
    line: { description: 'Claude Sonnet 4 Usage - Input Tokens', tokenType: 'uncached_input_tokens' },
  });
});
