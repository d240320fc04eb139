/**
 * One sealed segment becomes at most one insert per table, each under the segment's own token: sent twice, the engine keeps
 * one. A crash between two tables leaves a part; the next try with the same token fills in what is missing.
 */
import { type SealedSegment, TallygateError } from '@tallygate/usage';
import type { Database } from './database.ts';
import { segmentTexts } from './segment-rows.ts';
import { QUERIES } from './sql.generated.ts';

export async function storeSegment(database: Database, segment: SealedSegment): Promise<void> {
  const { usage, settlements, denials } = segmentTexts(segment);
  const { token } = segment;
  if (usage) await database.insertText(withToken(QUERIES.insert_usage_events, token), usage);
  if (settlements) await database.insertText(withToken(QUERIES.insert_settlements, token), settlements);
  if (denials) await database.insertText(withToken(QUERIES.insert_denials, token), denials);
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
