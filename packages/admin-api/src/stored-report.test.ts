import { expect, it } from 'vitest';
import { createAdminApi } from './admin-api.ts';
import type { ReadReport } from './read-report.ts';
import { readStoredReport } from './stored-report.ts';
import { analyticsPage, analyticsRow } from './testing/analytics.ts';
import {
  ADMIN_KEY,
  bucket,
  costRow,
  DAY_MS,
  FROM_MS,
  fakeProvider,
  lastPage,
  usageRow,
} from './testing/fake-provider.ts';

const range = { fromMs: FROM_MS, toMs: FROM_MS + DAY_MS };

async function stored(page: unknown, ask: (api: ReturnType<typeof createAdminApi>) => Promise<unknown>) {
  const kept: ReadReport[] = [];
  const { fetch } = fakeProvider(() => page);
  const onReport = async (report: ReadReport) => void kept.push(report);
  await ask(createAdminApi({ apiKey: ADMIN_KEY, baseUrl: 'https://provider.test', fetch, onReport }));
  return readStoredReport(kept[0] as ReadReport);
}

const place = { startMs: FROM_MS, endMs: FROM_MS + DAY_MS };

it('a stored usage report reads as it was answered, by every bucket and group that was asked for', async () => {
  const row = usageRow({ model: 'm', api_key_id: 'k', output_tokens: 7 });
  const found = await stored(lastPage([bucket(FROM_MS, [row])]), (api) =>
    api.messagesUsage({ ...range, bucketWidth: '1d', groupBy: ['model', 'api_key_id'] }),
  );
  const group = { model: 'm', api_key_id: 'k' };
  expect(found).toMatchObject({ refreshedAtMs: undefined, lines: [{ ...place, group }] });
  expect(found?.lines[0]?.figures).toMatchObject({ outputTokens: 7n, uncachedInputTokens: 0n });
});

it('a stored cost report keeps its sub-cent digits', async () => {
  const row = costRow({ amount: '123.78912', description: 'Line', cost_type: 'tokens', model: 'm' });
  const found = await stored(lastPage([bucket(FROM_MS, [row])]), (api) =>
    api.costs({ ...range, groupBy: ['description'] }),
  );
  expect(found?.lines).toMatchObject([
    { ...place, figures: { amountPicoUsd: 1_237_891_200_000n }, group: { description: 'Line', model: 'm' } },
  ]);
});

it('a stored analytics report says how far it had come', async () => {
  const found = await stored(analyticsPage([analyticsRow(FROM_MS, { model: 'm' })]), (api) =>
    api.analyticsUsage({ ...range, bucketWidth: '1d', groupBy: ['model'] }),
  );
  expect(found?.refreshedAtMs).toBe(Date.parse('2026-11-19T20:00:00Z'));
});

it('what is no report of the provider, or has lost a bucket, is not read as one', async () => {
  const head = { report: 'usage_report/messages', question: 'bucket_width=1d', ...range };
  expect(await readStoredReport({ ...head, report: 'console_csv', body: { data: [] } })).toBeNull();
  await expect(readStoredReport({ ...head, body: { data: [] } })).rejects.toMatchObject({
    code: 'TALLYGATE_REPORT_MALFORMED',
  });
});
