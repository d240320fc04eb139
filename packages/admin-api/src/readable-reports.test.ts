import { expect, it } from 'vitest';
import { analyticsPage } from './testing/analytics.ts';
import {
  type Asked,
  bucket,
  DAY_MS,
  errorAnswer,
  FROM_MS,
  fakeProvider,
  lastPage,
} from './testing/fake-provider.ts';

const NOW_MS = FROM_MS + DAY_MS + 3_600_000;

function answer({ path }: Asked): unknown {
  if (path.includes('/analytics/')) return analyticsPage([]);
  if (path.endsWith('/claude_code')) return lastPage([]);
  if (/api_keys|workspaces/.test(path)) return { data: [], has_more: false };
  return lastPage([bucket(FROM_MS)]);
}

it('names what a key may read; what is refused or not offered is left out', async () => {
  const all = fakeProvider(answer).adminApi;
  expect([...(await all.readableReports(NOW_MS))]).toEqual([
    'analytics',
    'usage',
    'cost',
    'Claude Code',
    'API keys',
    'workspaces',
  ]);
  const some = fakeProvider((asked) => {
    if (asked.path.includes('/analytics/')) return errorAnswer(403, 'permission_error');
    if (/claude_code|workspaces/.test(asked.path)) return errorAnswer(404, 'not_found_error');
    return answer(asked);
  });
  expect([...(await some.adminApi.readableReports(NOW_MS))]).toEqual(['usage', 'cost', 'API keys']);
});

it('rejects where the key opens nothing, and where the provider does not answer: neither is "may read nothing"', async () => {
  const nothing = fakeProvider(() => errorAnswer(403, 'permission_error'));
  await expect(nothing.adminApi.readableReports(NOW_MS)).rejects.toMatchObject({
    code: 'TALLYGATE_KEY_REJECTED',
  });
  const wrong = fakeProvider(() => errorAnswer(401, 'authentication_error'));
  await expect(wrong.adminApi.readableReports(NOW_MS)).rejects.toMatchObject({
    code: 'TALLYGATE_KEY_REJECTED',
  });
  const conflict = fakeProvider((asked) =>
    asked.path.endsWith('/cost_report') ? errorAnswer(422, 'api_error') : answer(asked),
  );
  await expect(conflict.adminApi.readableReports(NOW_MS)).rejects.toMatchObject({
    code: 'TALLYGATE_PROVIDER_UNAVAILABLE',
  });
});
