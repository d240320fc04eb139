import { z } from 'zod';
import { describeShape } from './bucket-pages.ts';
import { type ProviderClient, providerStatus } from './provider-client.ts';
import { reportMalformed } from './report-malformed.ts';

/**
 * `GET /v1/organizations/api_keys`: the only place that links a key's id, which reports name, to its hint, which is all that
 * a meter may keep of a secret. Archived and expired keys are included: old report rows keep their ids.
 */
export interface OrganizationApiKey {
  id: string;
  /** First characters, "...", last characters; null where the provider shows none. */
  hint: string | null;
}

const REPORT = 'api_keys';
const PAGE_LIMIT = 1000;

const pageSchema = z.object({
  data: z.array(z.looseObject({ id: z.string().min(1), partial_key_hint: z.string().min(1).nullish() })),
  has_more: z.boolean(),
  last_id: z.string().min(1).nullish(),
});

/** @returns null when the organization is not offered this list (404): keys then stay known by their hints only. */
export async function readApiKeys(client: ProviderClient): Promise<OrganizationApiKey[] | null> {
  const keys = new Map<string, OrganizationApiKey>();
  let afterId: string | null = null;
  do {
    const page = await readPage(client, afterId);
    if (page === null) return null;
    for (const { id, partial_key_hint: hint } of page.data) {
      if (keys.has(id)) throw reportMalformed(REPORT, 'lists a key twice');
      keys.set(id, { id, hint: hint ?? null });
    }
    afterId = nextAfterId(page);
  } while (afterId !== null);
  return [...keys.values()];
}

async function readPage(
  client: ProviderClient,
  afterId: string | null,
): Promise<z.output<typeof pageSchema> | null> {
  const query = { limit: PAGE_LIMIT, ...(afterId === null ? {} : { after_id: afterId }) };
  try {
    const parsed = pageSchema.safeParse(await client.get(REPORT, query));
    if (!parsed.success) throw reportMalformed(REPORT, describeShape(parsed.error), parsed.error);
    return parsed.data;
  } catch (error) {
    if (afterId === null && providerStatus(error) === 404) return null;
    throw error;
  }
}

function nextAfterId(page: z.output<typeof pageSchema>): string | null {
  if (!page.has_more) return null;
  // A page that repeats keys is caught by the caller; one that is empty would be asked for ever.
  if (page.data.length === 0 || !page.last_id)
    throw reportMalformed(REPORT, 'goes on, and does not say where');
  return page.last_id;
}
