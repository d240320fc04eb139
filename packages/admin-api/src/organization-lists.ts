import { z } from 'zod';
import { type ProviderClient, providerStatus } from './provider-client.ts';
import { parseReported, reportMalformed } from './report-malformed.ts';

const PAGE_LIMIT = 1000;
/** From this version on a key names its workspace by its real id, the default one, too. */
const LIST_VERSION = '2026-10-21';
const NOT_LISTED = new Set([401, 403, 404]);

/**
 * A list of the organization's things, to its end, in the provider's order.
 * @returns null when the organization is not offered this list (404), or not with this key (401, 403): one that reads analytics may not.
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for another shape, a thing twice, or a page that leads nowhere.
 */
export async function listOf<Row extends { id: string }>(
  client: ProviderClient,
  path: string,
  rowSchema: z.ZodType<Row>,
  query: Record<string, unknown>,
): Promise<Row[] | null> {
  const pageSchema = z.object({
    data: z.array(rowSchema),
    has_more: z.boolean(),
    last_id: z.string().min(1).nullish(),
  });
  const rows = new Map<string, Row>();
  let afterId: string | null = null;
  do {
    const answer = await readPage(client, path, { ...query, limit: PAGE_LIMIT }, afterId);
    if (answer === null) return null;
    const page: z.output<typeof pageSchema> = parseReported(path, pageSchema, answer.body);
    for (const row of page.data) {
      if (rows.has(row.id)) throw reportMalformed(path, 'lists one thing twice');
      rows.set(row.id, row);
    }
    afterId = nextAfterId(path, page);
  } while (afterId !== null);
  return [...rows.values()];
}

/** Null: not offered. A body that is null is an answer, and a wrong one. */
async function readPage(
  client: ProviderClient,
  path: string,
  query: Record<string, unknown>,
  afterId: string | null,
): Promise<{ body: unknown } | null> {
  try {
    const asked = afterId === null ? query : { ...query, after_id: afterId };
    return { body: await client.get(path, asked, { version: LIST_VERSION }) };
  } catch (error) {
    if (afterId === null && NOT_LISTED.has(providerStatus(error) ?? 0)) return null;
    throw error;
  }
}

interface ListPage {
  data: readonly unknown[];
  has_more: boolean;
  last_id?: string | null | undefined;
}

function nextAfterId(path: string, page: ListPage): string | null {
  if (!page.has_more) return null;
  // A page that repeats things is caught by the caller; one that is empty would be asked for ever.
  if (page.data.length === 0 || !page.last_id) throw reportMalformed(path, 'goes on, and does not say where');
  return page.last_id;
}
