/** What dead processes had under way or recorded, and no gate has ended yet. */
import { join } from 'node:path';
import type { Clock, Hold } from '@tallygate/usage';
import { readIntents } from './intents.ts';
import { type OwnerIsAlive, ownerIsAlive, readOwner } from './owner.ts';
import { readSegment } from './read-segment.ts';
import { createPairing } from './recover.ts';
import { isMissing, listSegments, segmentPath } from './segment-file.ts';
import { CLAIM, spoolNames } from './spool-names.ts';

export interface LeftBehindOptions {
  /** The root of all spools: `directory` of `openSpool`. */
  root: string;
  clock: Clock;
  /** Default: as for adoption. */
  isAlive?: OwnerIsAlive;
}

/**
 * Holds of calls that were in flight when their process died, and of outcomes without a settlement. Changes no file. A directory
 * that is adopted meanwhile is read under its new name.
 */
export async function holdsLeftBehind(options: LeftBehindOptions): Promise<Hold[]> {
  const holds: Hold[] = [];
  for (const name of await spoolNames(options.root)) {
    const directory = join(options.root, name);
    if (!isLeft(name, directory, options)) continue;
    try {
      holds.push(...(await unendedIn(directory)));
    } catch (error) {
      if (!isMissing(error)) throw error;
      return holdsLeftBehind(options);
    }
  }
  return holds;
}

function isLeft(
  name: string,
  directory: string,
  { clock, isAlive = ownerIsAlive }: LeftBehindOptions,
): boolean {
  if (name.includes(CLAIM)) return true;
  const owner = readOwner(directory);
  return owner === null || !isAlive(owner, clock.nowMs());
}

async function unendedIn(directory: string): Promise<Hold[]> {
  const underWay = new Map((await readIntents(directory)).map(({ attemptId, hold }) => [attemptId, hold]));
  const pairing = createPairing();
  for (const { number, state } of await listSegments(directory)) {
    const { records } = await readSegment(segmentPath(directory, number, state));
    for (const record of records) {
      pairing.see(record);
      if (record.kind === 'outcome') underWay.delete(record.event.eventId);
    }
  }
  return [...underWay.values(), ...pairing.unsettled().map(({ hold }) => hold)].filter(
    (hold) => hold !== null,
  );
}
