/** Every call that a dead process had in flight gets its row: `unknown`, written as one more segment of the same spool. */
import { rm } from 'node:fs/promises';
import type { CallIntent, Clock, Logger, UsageEvent } from '@tallygate/usage';
import { intentsPath, readIntents } from './intents.ts';
import { writeLateSegment } from './late-segment.ts';
import { readSegment } from './read-segment.ts';
import { listSegments, segmentPath } from './segment-file.ts';

/** The rows of calls that were in flight, at the prices of their day; those it knows nothing of are left out, and wait. */
export type UnknownOutcomes = (intents: CallIntent[]) => Promise<UsageEvent[]>;

interface Home {
  spoolId: string;
  directory: string;
}

/** @returns how many rows were made, and how many calls still have none. May be repeated after a crash at any step. */
export async function recoverIntents(
  home: Home,
  unknownOutcomes: UnknownOutcomes | undefined,
  clock: Clock,
  logger: Logger,
): Promise<{ made: number; open: number }> {
  const open = await withoutOutcome(home, await readIntents(home.directory));
  if (open.length > 0 && unknownOutcomes === undefined) return { made: 0, open: open.length };
  try {
    const made = open.length === 0 ? 0 : await writeUnknown(home, open, unknownOutcomes ?? none, clock);
    if (made === open.length) await rm(intentsPath(home.directory), { force: true });
    return { made, open: open.length - made };
  } catch (error) {
    logger.warn('calls in flight stay without a row', { spoolId: home.spoolId, reason: String(error) });
    return { made: 0, open: open.length };
  }
}

const none: UnknownOutcomes = async () => [];

async function writeUnknown(
  home: Home,
  open: CallIntent[],
  unknownOutcomes: UnknownOutcomes,
  clock: Clock,
): Promise<number> {
  const holds = new Map(open.map(({ attemptId, hold }) => [attemptId, hold]));
  const events = await unknownOutcomes(open);
  const outcomes = events.map((event) => ({
    kind: 'outcome' as const,
    event,
    hold: holds.get(event.eventId) ?? null,
  }));
  await writeLateSegment(home, outcomes, clock);
  return outcomes.length;
}

/** A process can be killed between the outcome and its striking out; and an earlier adopter may have made the row. */
async function withoutOutcome(home: Home, intents: CallIntent[]): Promise<CallIntent[]> {
  const open = new Map(intents.map((intent) => [intent.attemptId, intent]));
  if (open.size === 0) return [];
  for (const { number, state } of await listSegments(home.directory)) {
    const { records } = await readSegment(segmentPath(home.directory, number, state));
    for (const record of records) if (record.kind === 'outcome') open.delete(record.event.eventId);
  }
  return [...open.values()];
}
