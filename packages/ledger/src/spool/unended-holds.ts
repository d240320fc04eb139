/** What processes have under way or recorded, and no gate has ended yet. */
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
 * Holds of calls under way, and of outcomes without a settlement, whoever made them, as their spools have them: the gate that made
 * them may be gone. Changes no file. A directory that is adopted meanwhile is read under its new name.
 */
export async function unendedHolds(root: string): Promise<Hold[]> {
  return holdsOf(root, () => true);
}

/** Those of dead processes alone. */
export async function holdsLeftBehind(options: LeftBehindOptions): Promise<Hold[]> {
  return holdsOf(options.root, (name) => isLeft(name, options));
}

async function holdsOf(root: string, isAsked: (name: string) => boolean): Promise<Hold[]> {
  const holds: Hold[] = [];
  for (const name of await spoolNames(root)) {
    if (!isAsked(name)) continue;
    try {
      holds.push(...(await unendedIn(join(root, name))));
    } catch (error) {
      if (!isMissing(error)) throw error;
      return holdsOf(root, isAsked);
    }
  }
  return holds;
}

function isLeft(name: string, { root, clock, isAlive = ownerIsAlive }: LeftBehindOptions): boolean {
  if (name.includes(CLAIM)) return true;
  const owner = readOwner(join(root, name));
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
