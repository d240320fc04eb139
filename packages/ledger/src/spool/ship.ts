/** One sealed file to the destination, and what became of it. Used by the owner of a spool and by whoever adopts one. */
import { stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Logger, SealedSegment, SegmentDestination } from '@tallygate/usage';
import { writeDeadLetters } from './dead-letters.ts';
import { isRefusal, type RefusedFacts, storeDivided } from './divide.ts';
import { type ReadSegment, readSegment, sealedSegment } from './read-segment.ts';
import { moveSegment, segmentPath, segmentToken } from './segment-file.ts';

/** stored: now `.done`, its dead letters aside. unavailable: still `.ready`, try again. */
export interface Shipment {
  result: 'stored' | 'unavailable';
  records: number;
  /** Of these, the ones that the store refused: they lie in `<root>/dead`. */
  dead: number;
}

interface Home {
  spoolId: string;
  directory: string;
}

/** A busy ledger forgets a token after 100,000 inserts, a replicated one after some time; an hour is less than either. */
const TOKENS_LAST_MS = 3_600_000;

/** The same bytes under the same token at every try: that is all there is to "exactly once". */
export async function shipSegment(
  home: Home,
  number: number,
  destination: SegmentDestination,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<Shipment> {
  const token = segmentToken(home.spoolId, number);
  const path = segmentPath(home.directory, number, 'ready');
  const segment = await readSegment(path);
  const records = segment.records.length;
  const sealed = sealedSegment(token, segment.records);
  if (clock.nowMs() - (await stat(path)).mtimeMs > TOKENS_LAST_MS) sealed.replayed = true;
  let refused: RefusedFacts[] = [];
  try {
    if (records > 0) refused = await stored(sealed, destination);
  } catch (error) {
    logger.warn('segment not stored, it waits in the spool', { token, records, reason: describe(error) });
    return { result: 'unavailable', records, dead: 0 };
  }
  const dead = await bury(home, sealed, refused, clock);
  if (dead > 0) logger.error('facts refused by the ledger, kept aside', { token, dead, ...refused[0] });
  warnOfDamage(segment, token, logger);
  // Its tail begins now, however long it has waited: whoever adopts it reads its age from the file.
  await utimes(path, clock.nowMs() / 1_000, clock.nowMs() / 1_000);
  await moveSegment(home.directory, number, 'ready', 'done');
  return { result: 'stored', records, dead };
}

async function stored(segment: SealedSegment, destination: SegmentDestination): Promise<RefusedFacts[]> {
  try {
    await destination.store(segment);
    return [];
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return storeDivided(segment, destination);
  }
}

async function bury(
  { directory }: Home,
  segment: SealedSegment,
  refused: RefusedFacts[],
  clock: Clock,
): Promise<number> {
  return refused.length === 0 ? 0 : writeDeadLetters(dirname(directory), segment, refused, clock);
}

function warnOfDamage(segment: ReadSegment, token: string, logger: Logger): void {
  if (segment.damage.length > 0) logger.error('segment has damage', { token, ranges: segment.damage.length });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
