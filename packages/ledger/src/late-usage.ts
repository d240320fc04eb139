/**
 * Events that arrive when their hour can no longer be added up again. They have a table of their own, whose rows never expire,
 * and every sum is that of what was added up, of rows on time, and of these: an event stands in one of the three.
 */
import type { SealedSegment } from '@tallygate/usage';
import { z } from 'zod';
import type { Database } from './database.ts';
import { defineQuery } from './query.ts';
import type { Retention } from './retention.ts';
import { oldestBudgetInstantMs, segmentTexts } from './segment-rows.ts';
import { QUERIES } from './sql.generated.ts';
import { insertStatement } from './store-segment.ts';
import { digestOf, withoutStored } from './stored-lines.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Stores what of a segment is late, unless the ledger has it, and answers the rest. Late rows go first: once the token of the
 * segment is known, nobody looks at its rows again.
 *
 * A copy of an event whose own rows have expired counts again: nothing is left to tell it by. Spools send copies within hours, and
 * imports ask before; rows must be kept longer than files lie around.
 */
export async function storeLateEvents(
  database: Database,
  segment: SealedSegment,
  lateBeforeMs: number,
): Promise<SealedSegment> {
  const isLate = (instantMs: number) => instantMs - (instantMs % HOUR_MS) < lateBeforeMs;
  if (!isLate(oldestBudgetInstantMs(segment))) return segment;
  const { token, events, settlements, denials, replayed } = segment;
  const missing = await withoutStored(
    database,
    events.filter(({ budgetInstantMs }) => isLate(budgetInstantMs)),
  );
  const { usage } = segmentTexts({ token, events: missing, settlements: [], denials: [] });
  if (usage !== null) {
    const statement = insertStatement(
      QUERIES.insert_late_usage_events,
      `${token}.${digestOf(missing)}`,
      'direct',
    );
    await database.insertText(statement, usage);
  }
  const onTime = events.filter(({ budgetInstantMs }) => !isLate(budgetInstantMs));
  return { token, events: onTime, settlements, denials, replayed };
}

const lateUsageExists = defineQuery({
  sql: QUERIES.late_usage_exists,
  parameters: z.object({ organization: z.string().min(1) }),
  row: z.object({ event_id: z.string() }),
});

/** False for nearly every question, most often without asking. By the end of an attempt any event may be late. */
export async function mayBeLate(
  database: Database,
  { organization, fromMs, by }: { organization: string; fromMs: number; by: 'ended' | 'budget' },
  retention: Retention,
  nowMs: number,
): Promise<boolean> {
  // A day, since whoever stored it may have another clock.
  if (by === 'budget' && fromMs >= retention.lateBeforeSeconds(nowMs) * 1_000 + DAY_MS) return false;
  return (await lateUsageExists(database, { organization })).length > 0;
}
