import { expect, it } from 'vitest';
import { errorAnswer, fakeProvider } from './testing/fake-provider.ts';

const key = (id: string, hint: string | null = null) => ({
  id,
  name: 'k',
  status: 'archived',
  partial_key_hint: hint,
});

const named = { name: 'k', status: 'archived', workspaceId: null };

it('reads ids and hints of all keys over all pages, each page after the last key of the one before', async () => {
  const provider = fakeProvider(({ query }) =>
    query.has('after_id')
      ? { data: [key('apikey_3')], has_more: false, first_id: 'apikey_3', last_id: 'apikey_3' }
      : {
          data: [key('apikey_1', 'sk-ant-api03-R2D...igAA'), key('apikey_2')],
          has_more: true,
          last_id: 'apikey_2',
        },
  );
  expect(await provider.adminApi.apiKeys()).toEqual([
    { ...named, id: 'apikey_1', hint: 'sk-ant-api03-R2D...igAA' },
    { ...named, id: 'apikey_2', hint: null },
    { ...named, id: 'apikey_3', hint: null },
  ]);
  expect(provider.asked.map(({ query }) => query.get('after_id'))).toEqual([null, 'apikey_2']);
});

it('reads where a key belongs from either form, and asks for the one that names the default workspace', async () => {
  const scoped = { ...key('apikey_1'), scope: { type: 'workspace', workspace_id: 'wrkspc_default' } };
  const ofAll = { ...key('apikey_2'), scope: { type: 'organization' } };
  const earlier = { ...key('apikey_3'), workspace_id: 'wrkspc_1' };
  const provider = fakeProvider(() => ({ data: [scoped, ofAll, earlier], has_more: false }));
  const keys = await provider.adminApi.apiKeys();
  expect(keys?.map(({ workspaceId }) => workspaceId)).toEqual(['wrkspc_default', null, 'wrkspc_1']);
  expect(provider.asked[0]?.headers.get('anthropic-version')).toBe('2026-10-21');
});

it.each([
  [404, 'not_found_error'],
  [403, 'permission_error'],
  [401, 'authentication_error'],
])('says null, not an empty list, where the list is not offered to this key (%i)', async (status, type) => {
  const { adminApi } = fakeProvider(() => errorAnswer(status, type));
  expect([await adminApi.apiKeys(), await adminApi.workspaces()]).toEqual([null, null]);
});

it('rejects when a later page is not found: half a list would leave keys unknown', async () => {
  const provider = fakeProvider(({ query }) =>
    query.has('after_id')
      ? errorAnswer(404, 'not_found_error')
      : { data: [key('apikey_1')], has_more: true, last_id: 'apikey_1' },
  );
  await expect(provider.adminApi.apiKeys()).rejects.toMatchObject({ code: 'TALLYGATE_PROVIDER_UNAVAILABLE' });
});

it.each([
  ['no has_more', { data: [] }],
  ['more without a place to go on', { data: [key('apikey_1')], has_more: true, last_id: null }],
  ['more after nothing', { data: [], has_more: true, last_id: 'apikey_1' }],
  ['a key twice', { data: [key('apikey_1'), key('apikey_1')], has_more: false }],
  ['a page that comes again', { data: [key('apikey_1')], has_more: true, last_id: 'apikey_1' }],
  ['a key without an id', { data: [{ name: 'k' }], has_more: false }],
])('refuses %s', async (_fault, page) => {
  await expect(fakeProvider(() => page).adminApi.apiKeys()).rejects.toMatchObject({
    code: 'TALLYGATE_REPORT_MALFORMED',
  });
});
