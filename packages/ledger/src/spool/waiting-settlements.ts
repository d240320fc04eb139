/**
 * What the spools of all processes hold and the store does not: the part of the truth that a rebuilt gate would otherwise
 * forget, and let be spent again.
 */
import { join } from 'node:path';
import { type SegmentDestination, type Settlement, TallygateError } from '@tallygate/usage';
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
  for (const name of await spoolNames(root)) {
    const directory = join(root, name);
    for (const file of await listSegments(directory)) {
      if (file.state === 'done') continue;
      for (const settlement of await settlementsIn(directory, spoolIdOf(name), file, destination)) {
        waiting.set(`${settlement.epoch}/${settlement.seq}`, settlement);
      }
    }
  }
  return [...waiting.values()];
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
    // Refused for good: it will never be in the store, and is counted from here.
    if (TallygateError.isInstance(error) && error.code === 'TALLYGATE_REQUEST_INVALID')
      return segment.settlements;
    throw error;
  }
}
