/**
 * A segment that is sent so late that its token may be forgotten: what stands in the ledger already is left out. Sums would be exact
 * all the same; without this its rows would stand there twice until they merge.
 */
import { createHash } from 'node:crypto';
import type { SealedSegment, UsageEvent } from '@tallygate/usage';
import type { InsertMode } from './connect.ts';
import type { Database } from './database.ts';
import { storedEventsQuery } from './queries.ts';
import { storeSegment } from './store-segment.ts';

/** Parameters travel in the URL, which servers and proxies bound at some ten kilobytes. */
const IDS_AT_ONCE = 150;

export async function storeReplayed(
  database: Database,
  { token, events, settlements, denials }: SealedSegment,
  mode?: InsertMode,
): Promise<void> {
  const stored = await storedAmong(database, events);
  const missing = events.filter((event) => !stored.has(event.eventId));
  const nothing = { events: [], settlements: [], denials: [] };
  if (missing.length === events.length)
    return storeSegment(database, { token, events, settlements, denials }, mode);
  // Other rows must never go under a token that may be known: theirs is made of what they are.
  const rest = { ...nothing, token: `${token}.${digestOf(missing)}`, events: missing };
  await storeSegment(database, rest, mode);
  await storeSegment(database, { ...nothing, token, settlements, denials }, mode);
}

async function storedAmong(database: Database, events: readonly UsageEvent[]): Promise<Set<string>> {
  const stored = new Set<string>();
  for (let start = 0; start < events.length; start += IDS_AT_ONCE) {
    const some = events.slice(start, start + IDS_AT_ONCE);
    const instants = some.map(({ budgetInstantMs }) => budgetInstantMs);
    const found = await storedEventsQuery(database, {
      organizations: [...new Set(some.map(({ organization }) => organization))],
      fromMs: Math.min(...instants),
      toMs: Math.max(...instants),
      eventIds: some.map(({ eventId }) => eventId),
    });
    for (const { event_id: eventId } of found) stored.add(eventId);
  }
  return stored;
}

function digestOf(events: readonly UsageEvent[]): string {
  const ids = events.map(({ eventId }) => eventId).join();
  return createHash('sha256').update(ids).digest('hex').slice(0, 16);
}
