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
  NOW_MS,
  usageRow,
} from './testing/fake-provider.ts';

const range = { fromMs: FROM_MS, toMs: FROM_MS + DAY_MS };

async function stored(page: unknown, ask: (api: ReturnType<typeof createAdminApi>) => Promise<unknown>) {
  const kept: ReadReport[] = [];
  const { clock, fetch } = fakeProvider(() => page);
  const onReport = async (report: ReadReport) => void kept.push(report);
  await ask(createAdminApi({ apiKey: ADMIN_KEY, baseUrl: 'https://provider.test', clock, fetch, onReport }));
  return readStoredReport({ ...(kept[0] as ReadReport), pulledAtMs: NOW_MS });
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
  const head = { report: 'usage_report/messages', question: 'bucket_width=1d', pulledAtMs: NOW_MS, ...range };
  expect(await readStoredReport({ ...head, report: 'console_csv', body: { data: [] } })).toBeNull();
  await expect(readStoredReport({ ...head, body: { data: [] } })).rejects.toMatchObject({
    code: 'TALLYGATE_REPORT_MALFORMED',
  });
  const early = { ...head, pulledAtMs: FROM_MS + DAY_MS / 2, body: { data: [] } };
  expect(await readStoredReport(early)).toEqual({ lines: [], refreshedAtMs: undefined });
});

it.each<[string, Record<string, string>[], object]>([
  [
    'backend=anthropic',
    [{ usage_date_utc: '2026-11-18', model: 'Claude Opus 5', cost_usd: '1.5', list_price_usd: '2' }],
    {
      group: { model: 'Claude Opus 5' },
      figures: { amountPicoUsd: 1_500_000_000_000n, listAmountPicoUsd: 2_000_000_000_000n },
    },
  ],
  [
    'amount=Cost & tax?&backend=bedrock&date=Day',
    [{ Day: '2026-11-18', 'Cost & tax?': '1.2E-7' }],
    { group: {}, figures: { amountPicoUsd: 120_000n } },
  ],
])('a stored bill from files reads by the columns that it was read by: %s', async (question, rows, line) => {
  const head = { report: 'billed_csv', question, pulledAtMs: NOW_MS, ...range };
  const found = await readStoredReport({ ...head, body: { files: [{ file: 'bill.csv', rows }] } });
  const startMs = Date.UTC(2026, 10, 18);
  expect(found).toEqual({ lines: [{ startMs, endMs: startMs + DAY_MS, ...line }], refreshedAtMs: undefined });
  await expect(readStoredReport({ ...head, body: {} })).rejects.toMatchObject({
    code: 'TALLYGATE_REPORT_MALFORMED',
  });
});
