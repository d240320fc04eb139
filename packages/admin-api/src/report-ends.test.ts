import { describe, expect, it } from 'vitest';
import type { AdminApi } from './admin-api.ts';
import { analyticsPage, analyticsRow } from './testing/analytics.ts';
import {
  bucket,
  costRow,
  DAY_MS,
  FROM_MS,
  fakeProvider,
  lastPage,
  usageRow,
} from './testing/fake-provider.ts';

/** However a report ends but as it must, it is refused, whichever it is: half of it would look like a smaller bill. */
const question = { fromMs: FROM_MS, toMs: FROM_MS + DAY_MS, bucketWidth: '1d' as const, groupBy: [] };
const cost = { amount: '1', list_amount: '1', currency: 'USD', requests: 1 };

const REPORTS: [string, object, (api: AdminApi) => Promise<unknown>][] = [
  ['usage_report/messages', lastPage([bucket(FROM_MS, [usageRow()])]), (api) => api.messagesUsage(question)],
  ['cost_report', lastPage([bucket(FROM_MS, [costRow()])]), (api) => api.costs(question)],
  ['analytics/usage', analyticsPage([analyticsRow(FROM_MS, {})]), (api) => api.analyticsUsage(question)],
  [
    'analytics/cost',
    analyticsPage([analyticsRow(FROM_MS, {}, { cost })]),
    (api) => api.analyticsCost(question),
  ],
  ['usage_report/claude_code', lastPage([]), (api) => api.claudeCode(FROM_MS)],
  ['workspaces', { data: [], has_more: false, last_id: null }, (api) => api.workspaces()],
  ['api_keys', { data: [], has_more: false, last_id: null }, (api) => api.apiKeys()],
];

const ENDS: [string, (page: object) => unknown][] = [
  ['no has_more', (page) => ({ ...page, has_more: undefined })],
  ['has_more in words', (page) => ({ ...page, has_more: 'false' })],
  ['has_more that is null', (page) => ({ ...page, has_more: null })],
  ['more, and no next page', (page) => ({ ...page, has_more: true })],
  ['more, and an empty next page', (page) => ({ ...page, has_more: true, next_page: '', last_id: '' })],
  [
    'more after an empty page',
    (page) => ({ ...page, data: [], has_more: true, next_page: 'p', last_id: 'k' }),
  ],
  ['no data', (page) => ({ ...page, data: undefined })],
  ['data that is no list', (page) => ({ ...page, data: {} })],
  ['a page that is text', () => '<html>gateway</html>'],
  ['a page that is null', () => null],
  ['a page that is a list', (page) => [page]],
];

describe.each(REPORTS)('%s', (_report, whole, read) => {
  const malformed = { code: 'TALLYGATE_REPORT_MALFORMED' };

  it('is read where it ends as it must', async () => {
    await expect(read(fakeProvider(() => whole).adminApi)).resolves.toBeDefined();
  });

  it.each(ENDS)('is refused with %s', async (_end, damage) => {
    await expect(read(fakeProvider(() => damage(whole)).adminApi)).rejects.toMatchObject(malformed);
  });

  it('is refused where pages never end: the same page, or the same cursor, comes again', async () => {
    const goesOn = { ...whole, has_more: true, next_page: 'page_1', last_id: 'key_1' };
    const provider = fakeProvider(() => goesOn);
    await expect(read(provider.adminApi)).rejects.toMatchObject(malformed);
    expect(provider.asked.length).toBeLessThanOrEqual(2);
  });
});

// The lists of keys and workspaces name no page, but the last thing on this one.
it.each(REPORTS.slice(0, 5))(
  '%s is refused where it ends, and names a next page',
  async (_report, whole, read) => {
    const { adminApi } = fakeProvider(() => ({ ...whole, next_page: 'page_1' }));
    await expect(read(adminApi)).rejects.toMatchObject({ code: 'TALLYGATE_REPORT_MALFORMED' });
  },
);
