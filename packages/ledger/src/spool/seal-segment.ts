/** How a segment that is full enough gets its final form: on the disk, and smaller where the disk is full. */
import { rename, rm, unlink } from 'node:fs/promises';
import { createAppendFile } from './append-file.ts';
import { foldFacts } from './fold.ts';
import { scanFrames } from './frame.ts';
import type { OwnSegments } from './own-segments.ts';
import type { FactRecord } from './read-segment.ts';
import { decodeRecord, encodeRecord, SPOOL_FORMAT } from './record.ts';
import { segmentPath, segmentToken } from './segment-file.ts';
import { createSegmentWriter, type SegmentWriter } from './segment-writer.ts';

export interface SealedSummary {
  number: number;
  records: number;
  bytes: number;
}

/** May be tried again after it rejected. @throws ENOENT when the directory has been adopted by somebody else. */
export async function sealSegment(own: OwnSegments, writer: SegmentWriter): Promise<SealedSummary> {
  const folded = own.bound.isFull && own.bound.policy !== 'drop' ? await foldInPlace(own, writer) : null;
  if (folded === null && !(await writer.sync())) return sealCopy(own, writer);
  await writer.finish();
  return { number: writer.number, bytes: writer.bytes, records: writer.records, ...folded };
}

export function factsIn(writer: SegmentWriter): FactRecord[] {
  return scanFrames(writer.content()).frames.flatMap(({ payload }) => {
    const fact = decodeRecord(payload);
    return fact === null || fact.kind === 'header' ? [] : [fact];
  });
}

/** A disk that once failed to confirm would confirm the same file without having it: another one is written from the page cache. */
async function sealCopy(own: OwnSegments, writer: SegmentWriter): Promise<SealedSummary> {
  const { logger } = own.options;
  const where = { spoolId: own.home.spoolId, segment: writer.number };
  logger.error('disk did not confirm a segment, it is written again', where);
  own.lastNumber += 1;
  const copy = createSegmentWriter(own.home, own.lastNumber, own.options);
  for (const fact of factsIn(writer)) copy.append(encodeRecord(fact));
  if (!(await copy.sync())) logger.error('disk did not confirm it again, it is sent all the same', where);
  await copy.finish();
  own.unsettled.move(writer.number, copy.number);
  writer.release();
  await unlink(segmentPath(own.home.directory, writer.number, 'open'));
  return { number: copy.number, bytes: copy.bytes, records: copy.records };
}

/**
 * The file is replaced in one step, so that a kill leaves the one or the other. Outcomes whose settlement is still to come stay as
 * they are: recovery needs them. Null when nothing was gained, or the disk has not even room for less.
 */
async function foldInPlace(
  own: OwnSegments,
  writer: SegmentWriter,
): Promise<Pick<SealedSummary, 'records' | 'bytes'> | null> {
  const { directory, spoolId } = own.home;
  const facts = factsIn(writer);
  const source = segmentToken(spoolId, writer.number);
  const smaller = foldFacts(facts, source, (eventId) => !own.unsettled.has(eventId));
  if (smaller.length === facts.length) return null;
  const path = segmentPath(directory, writer.number, 'open');
  const draft = `${path}.folding`;
  try {
    await rm(draft, { force: true });
    const file = createAppendFile(draft, 'os');
    const header = { kind: 'header', format: SPOOL_FORMAT, spoolId, segment: writer.number } as const;
    file.append(encodeRecord({ ...header, createdAtMs: own.options.clock.nowMs() }));
    for (const fact of smaller) file.append(encodeRecord(fact));
    const confirmed = await file.sync();
    file.close();
    if (!confirmed) return null;
    await rename(draft, path);
    return { records: smaller.length, bytes: file.bytes };
  } catch (error) {
    own.options.logger.warn('outcomes cannot be folded', { spoolId, reason: String(error) });
    return null;
  }
}
