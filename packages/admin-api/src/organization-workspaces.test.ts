import { expect, it } from 'vitest';
import { errorAnswer, fakeProvider } from './testing/fake-provider.ts';

const workspace = (id: string, name: string, archivedAt: string | null = null) => ({
  id,
  name,
  archived_at: archivedAt,
});

it('lists the default workspace and archived ones, too: old report rows keep their ids', async () => {
  const provider = fakeProvider(({ query }) =>
    query.has('after_id')
      ? { data: [workspace('wrkspc_2', 'Old', '2026-01-01T00:00:00Z')], has_more: false }
      : { data: [workspace('wrkspc_1', 'Default')], has_more: true, last_id: 'wrkspc_1' },
  );
  expect(await provider.adminApi.workspaces()).toEqual([
    { id: 'wrkspc_1', name: 'Default', isArchived: false },
    { id: 'wrkspc_2', name: 'Old', isArchived: true },
  ]);
  expect(Object.fromEntries(provider.asked[1]?.query ?? [])).toEqual({
    include_archived: 'true',
    include_default: 'true',
    limit: '1000',
    after_id: 'wrkspc_1',
  });
});

it('says null, not an empty list, where the organization is not offered the list', async () => {
  const provider = fakeProvider(() => errorAnswer(404, 'not_found_error'));
  expect(await provider.adminApi.workspaces()).toBeNull();
});
