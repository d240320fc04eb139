import { z } from 'zod';
import { listOf } from './organization-lists.ts';
import type { ProviderClient } from './provider-client.ts';

/** `GET /v1/organizations/workspaces`, archived ones and the default one included: old report rows keep their ids. */
export interface OrganizationWorkspace {
  id: string;
  name: string;
  isArchived: boolean;
}

const rowSchema = z.looseObject({
  id: z.string().min(1),
  name: z.string(),
  archived_at: z.string().nullish(),
});

/** @returns null when this key is not offered this list (401, 403, 404). */
export async function readWorkspaces(client: ProviderClient): Promise<OrganizationWorkspace[] | null> {
  const query = { include_archived: true, include_default: true };
  const rows = await listOf(client, 'workspaces', rowSchema, query);
  return (
    rows?.map(({ id, name, archived_at }) => ({ id, name, isArchived: (archived_at ?? null) !== null })) ??
    null
  );
}
