/**
 * What the spools of all processes hold and the store does not: the part of the truth that a rebuilt gate would otherwise
 * forget, and let be spent again.
 */
import { join } from 'node:path';
import { type SegmentDestination, type Settlement, TallygateError } from '@tallygate/usage';
import { readDeadLetters } from './dead-letters.ts';
import { isRefusal, storeDivided } from './divide.ts';
import { readSegment, sealedSegment } from './read-segment.ts';
import { isMissing, listSegments, type SegmentFile, segmentPath, segmentToken } from './segment-file.ts';
import { spoolIdOf, spoolNames } from './spool-names.ts';

export interface WaitingOptions {
  /** The root of all spools: `directory` of `openSpool`. */
  root: string;
  /** Receives every sealed segment on the way, under its own token, so that it does not count as waiting. null: no store. */
  destination: SegmentDestination | null;
}

/** Files move on while they are read; each time the whole picture is taken again. */
const PICTURES_MAX = 100;

/**
 * Settlements of living and dead processes that are in no store, each once. Exact while nobody else ships to the same store:
 * only the owner of a data directory may ask, before it lets others in. Changes no file.
 *
 * @throws TallygateError `TALLYGATE_LEDGER_UNAVAILABLE` when a sealed segment cannot be stored now, or files never rest.
 */
export async function waitingSettlements(options: WaitingOptions): Promise<Settlement[]> {
  for (let picture = 0; picture < PICTURES_MAX; picture += 1) {
    try {
      return await takePicture(options);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The spools under ${options.root} change faster than they can be read.`,
  });
}

async function takePicture({ root, destination }: WaitingOptions): Promise<Settlement[]> {
  const waiting = new Map<string, Settlement>();
  const { letters } = await readDeadLetters(root);
  for (const fact of letters.flatMap(({ facts }) => facts)) {
    if (fact.kind === 'settlement') waiting.set(keyOf(fact.settlement), fact.settlement);
  }
  for (const name of await spoolNames(root)) {
    const directory = join(root, name);
    for (const file of await listSegments(directory)) {
      if (file.state === 'done') continue;
      for (const settlement of await settlementsIn(directory, spoolIdOf(name), file, destination)) {
        waiting.set(keyOf(settlement), settlement);
      }
    }
  }
  return [...waiting.values()];
}

function keyOf({ epoch, seq }: Settlement): string {
  return `${epoch}/${seq}`;
}

/** None when the segment is sealed and the store has it, now or from before. */
async function settlementsIn(
  directory: string,
  spoolId: string,
  { number, state }: SegmentFile,
  destination: SegmentDestination | null,
): Promise<Settlement[]> {
  const { records } = await readSegment(segmentPath(directory, number, state));
  const segment = sealedSegment(segmentToken(spoolId, number), records);
  if (state !== 'ready' || destination === null || records.length === 0) return segment.settlements;
  try {
    await destination.store(segment);
    return [];
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // Refused for good: these will not be in the store, and are counted from here.
    const refused = (await storeDivided(segment, destination)).filter(({ kind }) => kind === 'settlements');
    return refused.flatMap(({ start, end }) => segment.settlements.slice(start, end));
  }
}
