import { describe, expect, it } from 'vitest';
import { createAdminApi } from './admin-api.ts';
import type { ReadReport, ReportAsked } from './read-report.ts';
import { analyticsPage, analyticsRow } from './testing/analytics.ts';
import {
  ADMIN_KEY,
  bucket,
  DAY_MS,
  errorAnswer,
  FROM_MS,
  fakeProvider,
  lastPage,
} from './testing/fake-provider.ts';

const range = { fromMs: FROM_MS, toMs: FROM_MS + 2 * DAY_MS, bucketWidth: '1d' as const };
const [first, second] = [bucket(FROM_MS), bucket(FROM_MS + DAY_MS)];

/** An API that keeps what was read, on a provider that gives these answers in turn. */
function keeping(...answers: unknown[]) {
  const kept: ReadReport[] = [];
  const { fetch } = fakeProvider((_asked, count) => answers[count - 1]);
  const onReport = async (report: ReadReport) => void kept.push(report);
  return {
    kept,
    adminApi: createAdminApi({ apiKey: ADMIN_KEY, baseUrl: 'https://provider.test', fetch, onReport }),
  };
}

it('every report that was read is handed on whole: its question, its range, all its pages as one', async () => {
  const { kept, adminApi } = keeping(
    { data: [first], has_more: true, next_page: 'page_2' },
    lastPage([second]),
  );
  await adminApi.messagesUsage({ ...range, groupBy: ['model', 'api_key_id'], filters: { models: ['m'] } });
  expect(kept).toEqual([
    {
      organizationId: null,
      report: 'usage_report/messages',
      question: 'bucket_width=1d&group_by=model,api_key_id&models=m',
      fromMs: range.fromMs,
      toMs: range.toMs,
      body: { data: [first, second] },
    },
  ]);
});

it('with what stands beside the rows, such as how fresh they are', async () => {
  const row = analyticsRow(FROM_MS, { model: null });
  const { kept, adminApi } = keeping(analyticsPage([row]));
  await adminApi.analyticsUsage({ ...range, groupBy: [] });
  expect(kept).toMatchObject([
    { report: 'analytics/usage', body: { data: [row], data_refreshed_at: '2026-11-19T20:00:00Z' } },
  ]);
});

it('once, though its pages were read again because the data moved, and never a part of it', async () => {
  const page = { data: [first], has_more: true, next_page: 'page_2' };
  const { kept, adminApi } = keeping(
    page,
    errorAnswer(410, 'invalid_request_error'),
    lastPage([first, second]),
  );
  await adminApi.messagesUsage({ ...range, groupBy: [] });
  expect(kept.map(({ body }) => body)).toEqual([{ data: [first, second] }]);
  const broken = keeping({ data: [first], has_more: true });
  await expect(broken.adminApi.messagesUsage({ ...range, groupBy: [] })).rejects.toThrow();
  expect(broken.kept).toEqual([]);
});

it('is not answered where it cannot be kept: figures of which no version exists could never be explained', async () => {
  const { fetch } = fakeProvider(() => lastPage([first, second]));
  const onReport = () => Promise.reject(new Error('the ledger is full'));
  const adminApi = createAdminApi({ apiKey: ADMIN_KEY, baseUrl: 'https://provider.test', fetch, onReport });
  await expect(adminApi.messagesUsage({ ...range, groupBy: [] })).rejects.toThrow('the ledger is full');
});

describe('a report that is known already', () => {
  const row = analyticsRow(FROM_MS, { model: 'claude-opus-5' });
  const question = { ...range, groupBy: ['model' as const] };

  it('is not asked for again, and reads as it did', async () => {
    const { fetch, asked } = fakeProvider(() => analyticsPage([row]));
    const kept: ReadReport[] = [];
    const options = { apiKey: ADMIN_KEY, baseUrl: 'https://provider.test', fetch };
    const recalled: ReportAsked[] = [];
    const adminApi = createAdminApi({
      ...options,
      onReport: async (report) => void kept.push(report),
      recall: async (report) => {
        recalled.push(report);
        return kept[0]?.body ?? null;
      },
    });
    const first = await adminApi.analyticsUsage(question);
    expect(await adminApi.analyticsUsage(question)).toEqual(first);
    expect([asked.length, kept.length]).toEqual([1, 1]);
    const { body: _body, ...head } = kept[0] as ReadReport;
    expect(recalled).toEqual([head, head]);
  });

  it('is refused by the same rules as a new one', async () => {
    const { fetch } = fakeProvider(() => analyticsPage([row]));
    const recall = async () => ({ data: [row], data_refreshed_at: 'yesterday' });
    const adminApi = createAdminApi({ apiKey: ADMIN_KEY, baseUrl: 'https://provider.test', fetch, recall });
    await expect(adminApi.analyticsUsage(question)).rejects.toMatchObject({
      code: 'TALLYGATE_REPORT_MALFORMED',
    });
  });
});

it('whose organization it is, the answer says', async () => {
  const headers = { 'anthropic-organization-id': 'org-uuid' };
  const { kept, adminApi } = keeping(Response.json(lastPage([first, second]), { headers }));
  await adminApi.messagesUsage({ ...range, groupBy: [] });
  expect(kept).toMatchObject([{ organizationId: 'org-uuid' }]);
});
