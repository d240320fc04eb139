import { expect, it } from 'vitest';
import { createAdminApi } from './admin-api.ts';
import type { ReadReport } from './read-report.ts';
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
