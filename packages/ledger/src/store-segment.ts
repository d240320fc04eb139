/**
 * One sealed segment becomes at most one insert per table, each under the segment's own token: sent twice, the engine keeps
 * one. A crash between two tables leaves a part; the next try with the same token fills in what is missing.
 */
import { type SealedSegment, TallygateError } from '@tallygate/usage';
import type { InsertMode } from './connect.ts';
import type { Database } from './database.ts';
import { segmentTexts } from './segment-rows.ts';
import { QUERIES } from './sql.generated.ts';

export async function storeSegment(
  database: Database,
  segment: SealedSegment,
  mode: InsertMode = 'direct',
): Promise<void> {
  const { usage, settlements, denials } = segmentTexts(segment);
  const insert = (sql: string, text: Buffer | null): Promise<void> =>
    text === null ? Promise.resolve() : database.insertText(insertStatement(sql, segment.token, mode), text);
  await insert(QUERIES.insert_usage_events, usage);
  await insert(QUERIES.insert_settlements, settlements);
  await insert(QUERIES.insert_denials, denials);
}

/** Acknowledged when stored, never before: without the wait an error would have nobody to go to. */
const GATHERED = 'async_insert = 1,\n  wait_for_async_insert = 1,\n  async_insert_deduplicate = 1';

export function insertStatement(sql: string, token: string, mode: InsertMode): string {
  const statement = withToken(sql, token);
  return mode === 'gathered' ? statement.replace('async_insert = 0', GATHERED) : statement;
}

/**
 * The one value that is put into SQL text: a setting takes no query parameter before ClickHouse 26.7, and must not travel as
 * a setting of the request (see database.ts). Its alphabet cannot end the literal it stands in.
 */
function withToken(sql: string, token: string): string {
  if (!/^[A-Za-z0-9._/-]{1,200}$/.test(token)) {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `"${token.slice(0, 200)}" is not a segment token.`,
      cure: 'Use letters, digits, dots, dashes and slashes, at most 200.',
    });
  }
  return sql.replace('__TOKEN__', () => token);
}
