/**
 * What becomes of a segment that the store refuses: it is halved until the facts at fault stand alone, and all others are stored.
 * Every part has a token of its own, made from its place, so that a run that died half-way is repeated without a second copy.
 */
import { type SealedSegment, type SegmentDestination, TallygateError } from '@tallygate/usage';

export const FACT_KINDS = ['events', 'settlements', 'denials'] as const;
export type FactKind = (typeof FACT_KINDS)[number];

/** Facts `[start, end)` of one kind, counted in the order of the segment, that the store will never take. */
export interface RefusedFacts {
  kind: FactKind;
  start: number;
  end: number;
  reason: string;
}

/**
 * After this many refusals of single facts the store is wrong about all of them: what it refuses then is set aside as it is. To
 * ask for each of five thousand facts would keep it busy with nothing else.
 */
const SINGLE_REFUSALS_MAX = 100;

/** @throws whatever the store rejects with, except a refusal: then all of it must be tried again. */
export async function storeDivided(
  segment: SealedSegment,
  destination: SegmentDestination,
): Promise<RefusedFacts[]> {
  const refused: RefusedFacts[] = [];
  const storePart = async (kind: FactKind, start: number, end: number): Promise<void> => {
    if (start === end) return;
    const reason = await refusalOf(destination, partOf(segment, kind, start, end));
    if (reason === null) return;
    if (end - start === 1 || refused.length >= SINGLE_REFUSALS_MAX) {
      refused.push({ kind, start, end, reason });
      return;
    }
    const middle = Math.floor((start + end) / 2);
    await storePart(kind, start, middle);
    await storePart(kind, middle, end);
  };
  for (const kind of FACT_KINDS) await storePart(kind, 0, segment[kind].length);
  return refused;
}

/** Only a definite "these rows are wrong" is a refusal; an error that nobody knows is an outage. */
export function isRefusal(error: unknown): error is TallygateError {
  return TallygateError.isInstance(error) && error.code === 'TALLYGATE_REQUEST_INVALID';
}

async function refusalOf(destination: SegmentDestination, part: SealedSegment): Promise<string | null> {
  try {
    await destination.store(part);
    return null;
  } catch (error) {
    if (isRefusal(error)) return error.message;
    throw error;
  }
}

/** All facts of a kind keep the segment's token: the table may hold them since the first try, when only another kind was refused. */
function partOf(segment: SealedSegment, kind: FactKind, start: number, end: number): SealedSegment {
  const isAll = end - start === segment[kind].length;
  return {
    token: isAll ? segment.token : `${segment.token}.${start}-${end}`,
    events: [],
    settlements: [],
    denials: [],
    replayed: segment.replayed,
    [kind]: segment[kind].slice(start, end),
  };
}
