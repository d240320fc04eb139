/** `UsageRecords` over the table: events as they were recorded, a page at a time. */
import type { KnownEventsQuery, UsageCursor, UsageEvent, UsagePage, UsagePageQuery } from '@tallygate/usage';
import { knownEventsQuerySchema } from '@tallygate/usage';
import { z } from 'zod';
import type { Database } from './database.ts';
import { defineQuery } from './query.ts';
import { cellAs } from './rows/column.ts';
import { eventFromRows, USAGE_COLUMNS } from './rows/usage-row.ts';
import { QUERIES } from './sql.generated.ts';

const knownEventsOf = defineQuery({
  sql: QUERIES.known_events,
  parameters: knownEventsQuerySchema,
  row: z.object({ event_id: z.string() }),
});

const pageRow = z
  .object({
    event_id: z.string(),
    team: z.string(),
    feature: z.string(),
    hour_seconds: z.number().int(),
  })
  .loose();
type PageRow = z.output<typeof pageRow>;

const usagePageOf = defineQuery({
  sql: QUERIES.usage_page,
  parameters: z.object({
    organization: z.string().min(1),
    fromMs: z.number().int(),
    toMs: z.number().int(),
    afterHour: z.number().int(),
    afterTeam: z.string(),
    afterFeature: z.string(),
    afterEvent: z.string(),
    maxRows: z.number().int(),
  }),
  row: pageRow,
});

export async function knownEvents(database: Database, query: KnownEventsQuery): Promise<string[]> {
  if (query.eventIds.length === 0) return [];
  const rows = await knownEventsOf(database, query);
  return rows.map((row) => row.event_id);
}

/** The last event of a full page may go on behind it: it is left to the next one. */
export async function usagePage(database: Database, query: UsagePageQuery): Promise<UsagePage> {
  const { organization, fromMs, toMs, after, maxRows } = query;
  const rows = await usagePageOf(database, {
    ...{ organization, toMs, maxRows },
    fromMs: Math.max(fromMs, after?.hourMs ?? fromMs),
    afterHour: (after?.hourMs ?? 0) / 1_000,
    afterTeam: after?.team ?? '',
    afterFeature: after?.feature ?? '',
    afterEvent: after?.eventId ?? '',
  });
  const events = groupsOf(rows);
  if (rows.length === maxRows) events.pop();
  const last = events.at(-1)?.[0];
  return {
    events: events.map(eventOf),
    next: rows.length === maxRows && last !== undefined ? cursorAt(last) : null,
  };
}

/** Rows of one event stand together. */
function groupsOf(rows: readonly PageRow[]): PageRow[][] {
  const groups: PageRow[][] = [];
  for (const row of rows) {
    const group = groups.at(-1);
    if (group?.[0]?.event_id === row.event_id) group.push(row);
    else groups.push([row]);
  }
  return groups;
}

function cursorAt({ hour_seconds: seconds, team, feature, event_id: eventId }: PageRow): UsageCursor {
  return { hourMs: seconds * 1_000, team, feature, eventId };
}

function eventOf(rows: readonly PageRow[]): UsageEvent {
  return eventFromRows(rows.map((row) => USAGE_COLUMNS.map((column) => cellAs(row, column))));
}
