/** What becomes of this process's segments once they were sent, and how many records are still to be. */
import { unlink } from 'node:fs/promises';
import type { OwnSegments } from './own-segments.ts';
import type { SealedSummary } from './seal-segment.ts';
import { segmentPath } from './segment-file.ts';

/** A stored segment stays on disk this long, or until there are this many bytes: a store that loses its page cache is fed again. */
const TAIL_MS = 600_000;
const TAIL_BYTES = 64 * 1_048_576;

/** @param dead those of its records that the store refused. */
export function markStored(own: OwnSegments, number: number, dead: number): void {
  own.setAsideRecords += dead;
  const summary = takeReady(own, number);
  if (summary !== undefined) own.done.push({ ...summary, sinceMs: own.options.clock.monotonicMs() });
}

export function setAside(own: OwnSegments, number: number): void {
  own.setAsideRecords += takeReady(own, number)?.records ?? 0;
}

function takeReady(own: OwnSegments, number: number): SealedSummary | undefined {
  const summary = own.ready.find((segment) => segment.number === number);
  own.ready = own.ready.filter((segment) => segment !== summary);
  return summary;
}

/** Deletes stored segments whose time is over, or whose room is needed, except those that recovery may still have to read. */
export async function sweepStored(own: OwnSegments): Promise<void> {
  await own.bound.look();
  const tailBytes = own.bound.isAlarming || own.held.length > 0 ? 0 : TAIL_BYTES;
  let bytes = own.done.reduce((sum, segment) => sum + segment.bytes, 0);
  for (const segment of [...own.done]) {
    const age = own.options.clock.monotonicMs() - segment.sinceMs;
    if ((age <= TAIL_MS && bytes <= tailBytes) || own.unsettled.lieIn(segment.number)) continue;
    own.done = own.done.filter((other) => other !== segment);
    bytes -= segment.bytes;
    await unlink(segmentPath(own.home.directory, segment.number, 'done'));
  }
}

/** Records that are not in the store. */
export function pendingRecords(own: OwnSegments): number {
  return waitingRecords(own) + own.setAsideRecords;
}

/** Of these, the ones that will be sent. */
export function waitingRecords(own: OwnSegments): number {
  const waiting = [...own.ready, ...own.unsealed, ...(own.writer === null ? [] : [own.writer])];
  return waiting.reduce((sum, segment) => sum + segment.records, own.held.length);
}
