/**
 * A segment that is sent so late that its token may be forgotten: what stands in the ledger already is left out. Sums would be exact
 * all the same; without this its rows would stand there twice until they merge.
 */
import type { SealedSegment } from '@tallygate/usage';
import type { InsertMode } from './connect.ts';
import type { Database } from './database.ts';
import { storeSegment } from './store-segment.ts';
import { digestOf, lineCount, withoutStored } from './stored-lines.ts';

export async function storeReplayed(
  database: Database,
  { token, events, settlements, denials }: SealedSegment,
  mode?: InsertMode,
): Promise<void> {
  const missing = await withoutStored(database, events);
  const nothing = { events: [], settlements: [], denials: [] };
  if (lineCount(missing) === lineCount(events))
    return storeSegment(database, { token, events, settlements, denials }, mode);
  // Other rows must never go under a token that may be known: theirs is made of what they are.
  const rest = { ...nothing, token: `${token}.${digestOf(missing)}`, events: missing };
  await storeSegment(database, rest, mode);
  await storeSegment(database, { ...nothing, token, settlements, denials }, mode);
}
