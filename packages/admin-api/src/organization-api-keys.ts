import { z } from 'zod';
import { listOf } from './organization-lists.ts';
import type { ProviderClient } from './provider-client.ts';

/**
 * `GET /v1/organizations/api_keys`: the only place that links a key's id, which reports name, to its hint, which is all that
 * a meter may keep of a secret. Archived and expired keys are included: old report rows keep their ids.
 */
export interface OrganizationApiKey {
  id: string;
  /** First characters, "...", last characters; null where the provider shows none. */
  hint: string | null;
  /** As people named it. */
  name: string | null;
  /** "active", "inactive", "archived", "expired"; null where it is not said. */
  status: string | null;
  /** Null: the key is the organization's, or the provider does not say. */
  workspaceId: string | null;
}

const label = z.string().min(1);

const rowSchema = z.looseObject({
  id: label,
  partial_key_hint: label.nullish(),
  name: z.string().nullish(),
  status: label.nullish(),
  workspace_id: label.nullish(),
  scope: z.looseObject({ workspace_id: label.nullish() }).nullish(),
});

/** @returns null when this key is not offered this list (401, 403, 404): keys then stay known by their hints only. */
export async function readApiKeys(client: ProviderClient): Promise<OrganizationApiKey[] | null> {
  const rows = await listOf(client, 'api_keys', rowSchema, {});
  return (
    rows?.map((row) => ({
      id: row.id,
      hint: row.partial_key_hint ?? null,
      name: row.name ?? null,
      status: row.status ?? null,
      workspaceId: row.scope?.workspace_id ?? row.workspace_id ?? null,
    })) ?? null
  );
}
