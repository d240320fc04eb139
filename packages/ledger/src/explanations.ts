/** What explains a denial: its row, and the configuration that was in force. */
import type { ConfigVersionRecord, DenialRecord } from '@tallygate/usage';
import { z } from 'zod';
import type { Database } from './database.ts';
import { configVersionRow } from './queries.ts';
import { defineQuery } from './query.ts';
import { cellAs } from './rows/column.ts';
import { DENIAL_COLUMNS, denialFromRow } from './rows/denial-row.ts';
import { QUERIES } from './sql.generated.ts';

const denialQuery = defineQuery({
  sql: QUERIES.denial,
  parameters: z.object({ organization: z.string().min(1), denialId: z.string().min(1) }),
  row: z.record(z.string(), z.unknown()),
});

const configVersionQuery = defineQuery({
  sql: QUERIES.config_version,
  parameters: z.object({ organization: z.string().min(1), version: z.number().int().min(0) }),
  row: configVersionRow,
});

export async function findDenial(
  database: Database,
  query: { organization: string; denialId: string },
): Promise<DenialRecord | null> {
  const [row] = await denialQuery(database, query);
  if (row === undefined) return null;
  return denialFromRow(DENIAL_COLUMNS.map((column) => cellAs(row, column)));
}

export async function findConfigVersion(
  database: Database,
  query: { organization: string; version: number },
): Promise<ConfigVersionRecord | null> {
  const [row] = await configVersionQuery(database, query);
  return row === undefined ? null : configVersionOf(query.organization, row);
}

export function configVersionOf(
  organization: string,
  row: z.output<typeof configVersionRow>,
): ConfigVersionRecord {
  return {
    organization,
    version: row.version,
    actor: row.actor,
    reason: row.reason,
    publishedAtMs: row.published_at_ms,
    before: JSON.parse(row.before),
    after: JSON.parse(row.after),
  };
}
