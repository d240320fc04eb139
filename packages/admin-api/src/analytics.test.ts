import { describe, expect, it } from 'vitest';
import type { AnalyticsCostDimension, AnalyticsDimension } from './analytics-question.ts';
import { analyticsRow, analyticsPage as page } from './testing/analytics.ts';
import { type Asked, DAY_MS, errorAnswer, FROM_MS, fakeProvider } from './testing/fake-provider.ts';

const range = { fromMs: FROM_MS, toMs: FROM_MS + 3 * DAY_MS, bucketWidth: '1d' as const };
const malformed = { code: 'TALLYGATE_REPORT_MALFORMED' };

function usageOf(
  answer: (asked: Asked, count: number) => unknown,
  groupBy: AnalyticsDimension[] = ['model'],
) {
  return fakeProvider(answer).adminApi.analyticsUsage({ ...range, groupBy });
}

const costs = { amount: '41280.000001', list_amount: '48000', currency: 'USD', requests: 311 };
function costOf(rows: unknown[], groupBy: AnalyticsCostDimension[] = ['model']) {
  return fakeProvider(() => page(rows)).adminApi.analyticsCost({ ...range, groupBy });
}

const opus = { model: 'claude-opus-5' };
const usageRow = (day: number, group: Record<string, unknown> = opus, changes = {}) =>
  analyticsRow(FROM_MS + day * DAY_MS, group, { usage: changes });

describe('analytics/usage', () => {
  it('puts rows into every bucket of the range, the idle ones too, with their requests', async () => {
    const report = await usageOf(() =>
      page([usageRow(0, opus, { output_tokens: 7, requests: 3 }), usageRow(2)]),
    );
    expect(report.buckets.map(({ rows }) => rows.length)).toEqual([1, 0, 1]);
    expect(report.buckets[0]?.rows[0]).toMatchObject({
      group: { model: 'claude-opus-5' },
      usage: { outputTokens: 7 },
      requests: 3,
    });
    expect(report.refreshedAtMs).toBe(Date.parse('2026-11-19T20:00:00Z'));
  });

  it('asks oldest first, a thousand rows a page, under the beta and the version that document it', async () => {
    const provider = fakeProvider(() => page([]));
    await provider.adminApi.analyticsUsage({ ...range, groupBy: ['model'], filters: { models: ['m'] } });
    const [asked] = provider.asked;
    expect(asked?.path).toBe('/v1/organizations/analytics/usage');
    expect(Object.fromEntries(asked?.query ?? [])).toEqual({
      starting_at: '2026-11-01T00:00:00.000Z',
      ending_at: '2026-11-04T00:00:00.000Z',
      time_bucket_width: '1d',
      'group_by[]': 'model',
      'models[]': 'm',
      order: 'asc',
      order_by: 'time',
      limit: '1000',
    });
    expect(asked?.headers.get('anthropic-beta')).toBe('analytics-usage-cost-2026-08-24');
    expect(asked?.headers.get('anthropic-version')).toBe('2026-10-21');
  });

  it('asks for a longer range in stretches that the provider answers, and states the earliest refresh', async () => {
    const provider = fakeProvider((_asked, count) => page([], { refreshed: `2026-11-1${count}T00:00:00Z` }));
    const toMs = FROM_MS + 40 * DAY_MS;
    const report = await provider.adminApi.analyticsUsage({ ...range, toMs, groupBy: [] });
    expect(report.buckets).toHaveLength(40);
    expect(provider.asked.map(({ query }) => query.get('starting_at'))).toEqual([
      '2026-11-01T00:00:00.000Z',
      '2026-12-02T00:00:00.000Z',
    ]);
    expect(report.refreshedAtMs).toBe(Date.parse('2026-11-11T00:00:00Z'));
  });

  it('takes minutes a day at a time', async () => {
    const provider = fakeProvider(() => page([]));
    await provider.adminApi.analyticsUsage({ ...range, bucketWidth: '1m', groupBy: [] });
    expect(provider.asked).toHaveLength(3);
  });

  it('says null, not zero, where there is no data yet', async () => {
    expect((await usageOf(() => page([], { refreshed: null }))).refreshedAtMs).toBeNull();
    await expect(usageOf(() => page([usageRow(0)], { refreshed: null }))).rejects.toMatchObject(malformed);
  });

  it('names absent geography as the other families do, and an identity by its id, never by its address', async () => {
    const person = {
      type: 'user_actor',
      user_id: 'user_01',
      email_address: 'jane@example.com',
      name: 'Jane',
    };
    const cloud = { type: 'federated_actor', provider: { type: 'aws' }, subject: 'arn:1' };
    const groups = [person, { type: 'api_actor', api_key_id: 'apikey_1' }, cloud, null, null].map(
      (actor) => ({
        inference_geo: null,
        actor,
      }),
    );
    const report = await usageOf(
      () => page(groups.map((group) => usageRow(0, group))),
      ['actor', 'inference_geo'],
    );
    expect(report.buckets[0]?.rows.map(({ group }) => group.actor)).toEqual([
      'user_01',
      'apikey_1',
      'aws:arn:1',
      null,
      null,
    ]);
    expect(report.buckets[0]?.rows[0]?.group.inference_geo).toBe('not_available');
  });

  it('keeps tokens that stand in the total alone, and refuses a total below its tokens', async () => {
    const report = await usageOf(() => page([usageRow(0, opus, { output_tokens: 5, total_tokens: 9 })]));
    expect(report.buckets[0]?.rows[0]?.unknownCounts).toEqual({ total_tokens: 4 });
    const less = page([usageRow(0, opus, { output_tokens: 5, total_tokens: 4 })]);
    await expect(usageOf(() => less)).rejects.toMatchObject(malformed);
  });
});

describe('pages of two states are never added up', () => {
  const first = page([usageRow(0)], { next: 'page_2' });
  const later = { refreshed: '2026-11-20T00:00:00Z' };

  it('a refresh between two pages begins again from the first', async () => {
    const answers = [first, page([usageRow(1)], later), page([usageRow(0), usageRow(1)], later)];
    const report = await usageOf((_asked, count) => answers[count - 1]);
    expect(report.buckets.map(({ rows }) => rows.length)).toEqual([1, 1, 0]);
    expect(report.refreshedAtMs).toBe(Date.parse(later.refreshed));
  });

  it('410 begins again, too', async () => {
    const answers = [first, errorAnswer(410, 'invalid_request_error'), page([usageRow(0)])];
    const report = await usageOf((_asked, count) => answers[count - 1]);
    expect(report.buckets[0]?.rows).toHaveLength(1);
  });

  it('and gives up when it never stands still', async () => {
    const moving = usageOf(({ query }, count) =>
      query.has('page')
        ? page([usageRow(1)], { refreshed: `2026-11-20T00:00:${10 + count}Z` })
        : page([usageRow(0)], { next: 'page_2' }),
    );
    await expect(moving).rejects.toMatchObject({ code: 'TALLYGATE_PROVIDER_UNAVAILABLE' });
  });
});

describe('a report that cannot be counted is refused whole', () => {
  const good = usageRow(0);
  it.each<[string, unknown]>([
    ['no has_more', { ...page([good]), has_more: undefined }],
    ['more without a next page', { ...page([good]), has_more: true }],
    ['no word on how fresh it is', { ...page([good]), data_refreshed_at: undefined }],
    ['a row before the range', page([usageRow(-1)])],
    ['a row after the range', page([usageRow(3)])],
    ['a row of half a day', page([{ ...good, ending_at: '2026-11-01T12:00:00Z' }])],
    ['a row that is no bucket', page([analyticsRow(FROM_MS + DAY_MS / 2, opus)])],
    ['a group twice in a bucket', page([good, good])],
    ['a group that does not name what was asked', page([usageRow(0, { model: undefined })])],
    ['a count left out', page([usageRow(0, opus, { output_tokens: undefined })])],
    ['requests left out', page([usageRow(0, opus, { requests: undefined })])],
    ['figures left out', page([{ ...good, usage: undefined }])],
  ])('%s', async (_fault, answer) => {
    await expect(usageOf(() => answer)).rejects.toMatchObject(malformed);
  });
});

describe('analytics/cost', () => {
  it('is exact below the cent, net and list', async () => {
    const report = await costOf([analyticsRow(FROM_MS, opus, { cost: costs })]);
    expect(report.buckets[0]?.rows).toEqual([
      {
        group: { model: 'claude-opus-5' },
        amountPicoUsd: 412_800_000_010_000n,
        listAmountPicoUsd: 480_000_000_000_000n,
        requests: 311,
      },
    ]);
  });

  it.each([
    ['another currency', { currency: 'EUR' }],
    ['an amount as a number', { amount: 41280 }],
    ['no list amount', { list_amount: undefined }],
    ['more digits than pico-USD holds', { amount: '0.00000000001' }],
  ])('with %s is refused', async (_fault, changes) => {
    const row = analyticsRow(FROM_MS, opus, { cost: { ...costs, ...changes } });
    await expect(costOf([row])).rejects.toMatchObject(malformed);
  });
});

describe('a question that would be answered with less than it asks for is refused here', () => {
  it.each<[string, AnalyticsCostDimension[]]>([
    ['six dimensions', ['model', 'product', 'speed', 'service_tier', 'api_key_id', 'workspace_id']],
    ['one twice', ['model', 'model']],
    ['token types without the other costs', ['token_type']],
  ])('%s', async (_fault, groupBy) => {
    await expect(costOf([], groupBy)).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
  });

  it('but kinds of cost do not count towards the five', async () => {
    const groupBy: AnalyticsCostDimension[] = ['model', 'product', 'speed', 'service_tier', 'api_key_id'];
    await expect(costOf([], [...groupBy, 'cost_type', 'token_type'])).resolves.toBeDefined();
  });

  it('a range off its buckets', async () => {
    const { adminApi } = fakeProvider(() => page([]));
    const asked = adminApi.analyticsUsage({ ...range, toMs: range.toMs + 1, groupBy: [] });
    await expect(asked).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
  });
});
