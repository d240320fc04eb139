import type { Logger } from '@tallygate/usage';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createAdminApi } from './admin-api.ts';
import { isNotOffered } from './provider-client.ts';
import {
  ADMIN_KEY,
  bucket,
  DAY_MS,
  errorAnswer,
  FROM_MS,
  fakeProvider,
  lastPage,
  usageRow,
} from './testing/fake-provider.ts';

const costQuestion = { fromMs: FROM_MS, toMs: FROM_MS + DAY_MS, groupBy: [] };
const usageQuestion = { ...costQuestion, bucketWidth: '1d' as const };
const oneDay = lastPage([bucket(FROM_MS)]);

describe('every question', () => {
  it('names itself, the documented version, and the key in the one header that is documented for it', async () => {
    const provider = fakeProvider(() => oneDay);
    await provider.adminApi.costs(costQuestion);
    await provider.adminApi.messagesUsage(usageQuestion);
    for (const { headers } of provider.asked) {
      expect(headers.get('anthropic-version')).toBe('2023-06-01');
      expect(headers.get('user-agent')).toMatch(/^Tallygate\//);
      expect(headers.get('x-api-key')).toBe(ADMIN_KEY);
      expect(headers.has('authorization')).toBe(false);
    }
  });

  it('waits for the one before it: two reports are never read at once', async () => {
    let underWay = 0;
    let most = 0;
    const fetch = async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await Promise.resolve();
      underWay -= 1;
      return Response.json(oneDay);
    };
    const adminApi = createAdminApi({ apiKey: ADMIN_KEY, fetch });
    await Promise.all([1, 2, 3].map(() => adminApi.costs(costQuestion)));
    expect(most).toBe(1);
  });

  it('is not stopped by the failure of the one before it', async () => {
    const provider = fakeProvider((_asked, count) =>
      count === 1 ? errorAnswer(401, 'authentication_error') : oneDay,
    );
    const results = await Promise.allSettled([
      provider.adminApi.costs(costQuestion),
      provider.adminApi.costs(costQuestion),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });

  it('never follows a redirect: it would carry the key to another host', async () => {
    const modes: (string | undefined)[] = [];
    const fetch: typeof globalThis.fetch = async (_input, init) => {
      modes.push(init?.redirect);
      return Response.json(oneDay);
    };
    await createAdminApi({ apiKey: ADMIN_KEY, fetch }).costs(costQuestion);
    expect(modes).toEqual(['error']);
  });
});

describe('a provider that fails', () => {
  const soon = { 'retry-after-ms': '1' };

  it.each([
    [401, 'authentication_error'],
    [403, 'permission_error'],
  ])('with %i has rejected the key, and is not asked again', async (status, type) => {
    const provider = fakeProvider(() => errorAnswer(status, type));
    await expect(provider.adminApi.costs(costQuestion)).rejects.toMatchObject({
      code: 'TALLYGATE_KEY_REJECTED',
    });
    expect(provider.asked).toHaveLength(1);
  });

  it.each([429, 500, 529])('with %i for a moment is asked again after what it says', async (status) => {
    const provider = fakeProvider((_asked, count) =>
      count < 4 ? errorAnswer(status, 'x_error', soon) : oneDay,
    );
    await expect(provider.adminApi.costs(costQuestion)).resolves.toHaveLength(1);
    expect(provider.asked).toHaveLength(4);
  });

  it.each([
    [429, 'TALLYGATE_PROVIDER_UNAVAILABLE'],
    [529, 'TALLYGATE_PROVIDER_UNAVAILABLE'],
    [404, 'TALLYGATE_PROVIDER_UNAVAILABLE'],
    [400, 'TALLYGATE_REQUEST_INVALID'],
  ])('with %i for good is %s', async (status, code) => {
    const provider = fakeProvider(() => errorAnswer(status, 'x_error', soon));
    await expect(provider.adminApi.costs(costQuestion)).rejects.toMatchObject({ code });
  });

  it('by refusing a question says why in its own words, which name the field', async () => {
    const refusing = (message: string) =>
      fakeProvider(() => Response.json({ error: { type: 'x_error', message } }, { status: 400 })).adminApi;
    await expect(refusing('limit: at most 31').costs(costQuestion)).rejects.toThrow(': limit: at most 31');
    await expect(refusing(`no ${ADMIN_KEY}`).costs(costQuestion)).rejects.not.toThrow(ADMIN_KEY);
  });

  it('by not knowing a beta does not offer what is under it: no question was wrong', async () => {
    const provider = fakeProvider(() => errorAnswer(400, 'invalid_request_error'));
    const day = { ...costQuestion, bucketWidth: '1d' as const, groupBy: [] };
    const refused = await provider.adminApi.analyticsCost(day).catch((error: unknown) => error);
    expect([isNotOffered(refused), refused]).toMatchObject([
      true,
      { code: 'TALLYGATE_PROVIDER_UNAVAILABLE' },
    ]);
    const asked = await provider.adminApi.costs(costQuestion).catch((error: unknown) => error);
    expect(isNotOffered(asked)).toBe(false);
  });

  it('by not being there, however often it is tried, is unavailable and not malformed', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let tried = 0;
    const fetch = async () => {
      tried += 1;
      throw new TypeError('fetch failed');
    };
    const asked = createAdminApi({ apiKey: ADMIN_KEY, fetch }).costs(costQuestion);
    const refused = expect(asked).rejects.toMatchObject({ code: 'TALLYGATE_PROVIDER_UNAVAILABLE' });
    await vi.runAllTimersAsync();
    await refused;
    expect(tried).toBe(6);
  });

  it('by an answer cut in the middle is malformed', async () => {
    const cut = JSON.stringify(lastPage([bucket(FROM_MS, [usageRow()])])).slice(0, -20);
    const provider = fakeProvider(
      () => new Response(cut, { headers: { 'content-type': 'application/json' } }),
    );
    await expect(provider.adminApi.costs(costQuestion)).rejects.toMatchObject({
      code: 'TALLYGATE_REPORT_MALFORMED',
    });
  });

  it.each([
    ['a page of HTML', () => new Response('<html></html>', { headers: { 'content-type': 'text/html' } })],
    ['nothing', () => new Response(null, { status: 204 })],
    [
      'an empty body',
      () => new Response('', { headers: { 'content-type': 'application/json', 'content-length': '0' } }),
    ],
  ])('by %s is malformed', async (_fault, answer) => {
    const provider = fakeProvider(answer);
    await expect(provider.adminApi.costs(costQuestion)).rejects.toMatchObject({
      code: 'TALLYGATE_REPORT_MALFORMED',
    });
  });
});

describe('a cursor that expired (410)', () => {
  const twoDays = { ...costQuestion, toMs: FROM_MS + 2 * DAY_MS };
  const firstPage = { data: [bucket(FROM_MS)], has_more: true, next_page: 'page_2' };
  const secondPage = lastPage([bucket(FROM_MS + DAY_MS)]);

  it('starts the report again from its first page', async () => {
    const answers = [firstPage, errorAnswer(410, 'invalid_request_error'), firstPage, secondPage];
    const provider = fakeProvider((_asked, count) => answers[count - 1]);
    await expect(provider.adminApi.costs(twoDays)).resolves.toHaveLength(2);
    expect(provider.asked.map(({ query }) => query.get('page'))).toEqual([null, 'page_2', null, 'page_2']);
  });

  it('gives up when it keeps happening', async () => {
    const provider = fakeProvider(({ query }) => (query.has('page') ? errorAnswer(410, 'x') : firstPage));
    await expect(provider.adminApi.costs(twoDays)).rejects.toMatchObject({
      code: 'TALLYGATE_PROVIDER_UNAVAILABLE',
    });
    expect(provider.asked).toHaveLength(8);
  });
});

describe('the key', () => {
  it('stands in no log line and no error, whatever goes wrong', async () => {
    const lines: unknown[] = [];
    const log = (message: string, fields?: Record<string, unknown>) => void lines.push([message, fields]);
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    const failures = [401, 400, 404].map((status) => async () => errorAnswer(status, 'x_error'));
    for (const fetch of [...failures, async () => Response.json({})]) {
      const adminApi = createAdminApi({ apiKey: ADMIN_KEY, logger, fetch });
      await adminApi.costs(costQuestion).catch((error: Error) => lines.push(everythingIn(error)));
    }
    expect(lines.length).toBeGreaterThanOrEqual(8);
    expect(JSON.stringify(lines)).not.toContain(ADMIN_KEY);
  });

  it.each(['', 'sk-ant-admin01-line\nbreak', 'sk-ant-admin01 space', 'sk-ant-admin01-ü'])(
    'with a character no header takes is refused at once, without being quoted: %j',
    (apiKey) => {
      expect(() => createAdminApi({ apiKey })).toThrow(
        expect.objectContaining({
          code: 'TALLYGATE_CONFIGURATION_INVALID',
          message: expect.not.stringContaining(apiKey || '\u0000'),
        }),
      );
    },
  );
});

function everythingIn(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return [error.message, error.stack, { ...error }, everythingIn(error.cause)];
}
