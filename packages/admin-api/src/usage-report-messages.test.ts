import { describe, expect, it } from 'vitest';
import { bucket, DAY_MS, FROM_MS, fakeProvider, lastPage, usageRow } from './testing/fake-provider.ts';
import type { MessagesUsageDimension } from './usage-report-messages.ts';

const range = { fromMs: FROM_MS, toMs: FROM_MS + DAY_MS, bucketWidth: '1d' as const };

async function rowsOf(rows: unknown[], groupBy: MessagesUsageDimension[] = []) {
  const { adminApi } = fakeProvider(() => lastPage([bucket(FROM_MS, rows)]));
  const [day] = await adminApi.messagesUsage({ ...range, groupBy });
  return day?.rows ?? [];
}

const malformed = { code: 'TALLYGATE_REPORT_MALFORMED' };

describe('a usage row', () => {
  it('gives every class from where the provider puts it, cache writes from the nested object', async () => {
    const row = usageRow({
      uncached_input_tokens: 1500,
      cache_creation: { ephemeral_1h_input_tokens: 1000, ephemeral_5m_input_tokens: 500 },
      cache_read_input_tokens: 200,
      output_tokens: 501,
      server_tool_use: { web_search_requests: 10 },
    });
    expect(await rowsOf([row])).toEqual([
      {
        group: {},
        usage: {
          uncachedInputTokens: 1500,
          cacheReadInputTokens: 200,
          cacheWrite5mInputTokens: 500,
          cacheWrite1hInputTokens: 1000,
          outputTokens: 501,
          webSearchRequests: 10,
        },
        requests: null,
        unknownCounts: {},
      },
    ]);
  });

  it.each([
    ['a class left out', { output_tokens: undefined }],
    ['a class that is null', { output_tokens: null }],
    ['a class written as text', { output_tokens: '500' }],
    ['a fraction', { output_tokens: 0.5 }],
    ['a negative count', { cache_read_input_tokens: -1 }],
    ['a count that a number cannot hold', { uncached_input_tokens: 2 ** 53 }],
    [
      'a flat cache write instead of the nested one',
      { cache_creation: undefined, cache_creation_input_tokens: 9 },
    ],
    ['half a cache write', { cache_creation: { ephemeral_5m_input_tokens: 9 } }],
    ['no server tools', { server_tool_use: undefined }],
  ])('with %s is refused, never read as zero', async (_fault, changes) => {
    await expect(rowsOf([usageRow(changes)])).rejects.toMatchObject(malformed);
  });

  it('keeps counts of a kind that is new by their name, wherever they stand', async () => {
    const row = usageRow({
      audio_tokens: 7,
      cache_creation: {
        ephemeral_5m_input_tokens: 0,
        ephemeral_1h_input_tokens: 0,
        ephemeral_24h_input_tokens: 8,
      },
      server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
    });
    const [{ unknownCounts } = {}] = await rowsOf([row]);
    expect(unknownCounts).toEqual({ audio_tokens: 7, 'cache_creation.ephemeral_24h_input_tokens': 8 });
  });
});

describe('a group', () => {
  it('holds what was asked and nothing else: absent is not asked, null is "none"', async () => {
    const row = usageRow({ workspace_id: null, model: 'claude-opus-5-5', api_key_id: 'apikey_unasked' });
    const [{ group } = {}] = await rowsOf([row], ['workspace_id', 'model']);
    expect(group).toEqual({ workspace_id: null, model: 'claude-opus-5-5' });
    expect(group).not.toHaveProperty('api_key_id');
  });

  it('keeps values nobody has heard of', async () => {
    const row = usageRow({ service_tier: 'flex_discount_2', inference_geo: 'mars', context_window: '1M-9M' });
    const [{ group } = {}] = await rowsOf([row], ['service_tier', 'inference_geo', 'context_window']);
    expect(group).toEqual({
      service_tier: 'flex_discount_2',
      inference_geo: 'mars',
      context_window: '1M-9M',
    });
  });

  it.each([
    ['left out', undefined],
    ['a number', 5],
    ['empty', ''],
  ])('whose asked dimension is %s is refused', async (_fault, model) => {
    await expect(rowsOf([usageRow({ model })], ['model'])).rejects.toMatchObject(malformed);
  });

  it('that comes twice in a bucket is refused', async () => {
    const row = usageRow({ model: 'claude-opus-5-5', output_tokens: 1 });
    await expect(rowsOf([row, { ...row, output_tokens: 2 }], ['model'])).rejects.toMatchObject(malformed);
  });

  it('that the provider split by something nobody asked for is refused instead of being counted once', async () => {
    const rows = [usageRow({ model: 'a' }), usageRow({ model: 'b' })];
    await expect(rowsOf(rows)).rejects.toMatchObject(malformed);
  });
});

describe('the question', () => {
  async function askedFor(question: object) {
    const provider = fakeProvider(() => lastPage([bucket(FROM_MS)]));
    await provider.adminApi.messagesUsage({ ...range, groupBy: [], ...question });
    return provider.asked[0] ?? Promise.reject(new Error('nothing was asked'));
  }

  it('names range, width, page size and groups in the form of the wire', async () => {
    const { path, query } = await askedFor({ groupBy: ['model', 'api_key_id'] });
    expect(path).toBe('/v1/organizations/usage_report/messages');
    expect([...query]).toEqual([
      ['starting_at', '2026-11-01T00:00:00.000Z'],
      ['ending_at', '2026-11-02T00:00:00.000Z'],
      ['bucket_width', '1d'],
      ['limit', '1'],
      ['group_by[]', 'model'],
      ['group_by[]', 'api_key_id'],
    ]);
  });

  it('repeats filters by their wire names, of which context_window alone is singular', async () => {
    const filters = { contextWindows: ['0-200k'], apiKeyIds: ['apikey_1', 'apikey_2'], models: [] };
    const { query } = await askedFor({ filters });
    expect(query.getAll('context_window[]')).toEqual(['0-200k']);
    expect(query.getAll('api_key_ids[]')).toEqual(['apikey_1', 'apikey_2']);
    expect(query.has('models[]')).toBe(false);
  });

  it.each([{ groupBy: ['speed'] }, { filters: { speeds: ['fast'] } }])(
    'about speed sends the beta header that makes the word known: %j',
    async (question) => {
      const provider = fakeProvider(() => lastPage([bucket(FROM_MS, [usageRow({ speed: 'fast' })])]));
      await provider.adminApi.messagesUsage({ ...range, groupBy: [], ...(question as object) });
      expect(provider.asked[0]?.headers.get('anthropic-beta')).toBe('fast-mode-2026-02-01');
    },
  );

  it('about anything else sends no beta header', async () => {
    expect((await askedFor({})).headers.has('anthropic-beta')).toBe(false);
  });

  it('asks for at most 1440 minutes a page and reads two days of them over two pages', async () => {
    const provider = fakeProvider(({ query }) => {
      const startMs = query.has('page') ? FROM_MS + DAY_MS : FROM_MS;
      const minutes = Array.from({ length: 1440 }, (_, minute) =>
        bucket(startMs + minute * 60_000, [], 60_000),
      );
      return query.has('page') ? lastPage(minutes) : { data: minutes, has_more: true, next_page: 'page_2' };
    });
    const question = { fromMs: FROM_MS, toMs: FROM_MS + 2 * DAY_MS, bucketWidth: '1m' as const, groupBy: [] };
    expect(await provider.adminApi.messagesUsage(question)).toHaveLength(2880);
    expect(provider.asked.map(({ query }) => [query.get('limit'), query.get('page')])).toEqual([
      ['1440', null],
      ['1440', 'page_2'],
    ]);
  });

  it.each([
    [
      'six dimensions, which the provider answers with 400',
      { groupBy: ['model', 'speed', 'api_key_id', 'workspace_id', 'service_tier', 'inference_geo'] },
    ],
    ['a dimension twice', { groupBy: ['model', 'model'] }],
    ['a start off its boundary', { fromMs: FROM_MS + 1 }],
    [
      'an end off its boundary, whose partial day the provider would drop',
      { toMs: FROM_MS + DAY_MS + 3_600_000 },
    ],
    ['an empty range', { toMs: FROM_MS }],
    ['a reversed range', { toMs: FROM_MS - DAY_MS }],
    ['no range', { toMs: Number.NaN }],
  ])('with %s is refused before anything is sent', async (_fault, question) => {
    const provider = fakeProvider(() => lastPage([]));
    const asked = provider.adminApi.messagesUsage({ ...range, groupBy: [], ...(question as object) });
    await expect(asked).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
    expect(provider.asked).toEqual([]);
  });
});
