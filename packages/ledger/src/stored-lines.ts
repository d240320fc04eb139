/** Which rows of some events the ledger has already, and the events without them. */
import { createHash } from 'node:crypto';
import type { UsageEvent } from '@tallygate/usage';
import type { Database } from './database.ts';
import { storedEventsQuery } from './queries.ts';

/** Parameters travel in the URL, which servers and proxies bound at some ten kilobytes. */
const IDS_AT_ONCE = 150;

/** An event of which some lines are missing keeps those: its corrections are recorded after itself. */
export async function withoutStored(
  database: Database,
  events: readonly UsageEvent[],
): Promise<UsageEvent[]> {
  const stored = await storedLines(database, events);
  return events.flatMap((event) => {
    const lines = event.lines.filter(({ line }) => !stored.has(rowKey(event.eventId, line)));
    if (lines.length === event.lines.length) return [event];
    return lines.length === 0 ? [] : [{ ...event, lines }];
  });
}

async function storedLines(database: Database, events: readonly UsageEvent[]): Promise<Set<string>> {
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
    for (const { event_id: eventId, line } of found) stored.add(rowKey(eventId, line));
  }
  return stored;
}

/** Names what is left: rows other than those of a token must never go under it. */
export function digestOf(events: readonly UsageEvent[]): string {
  const rows = events.flatMap(({ eventId, lines }) => lines.map(({ line }) => rowKey(eventId, line)));
  return createHash('sha256').update(rows.join()).digest('hex').slice(0, 16);
}

export function lineCount(events: readonly UsageEvent[]): number {
  return events.reduce((sum, { lines }) => sum + lines.length, 0);
}

function rowKey(eventId: string, line: number): string {
  return `${eventId}/${line}`;
}
