/**
 * The one file that is being written. `append` is a write to the page cache: what it returned from survives the death of the
 * process. `seal` makes it survive the death of the machine and gives the file its final name.
 */
import {
  closeSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { type Clock, TallygateError } from '@tallygate/usage';
import { encodeRecord, SPOOL_FORMAT } from './record.ts';
import { moveSegment, segmentPath, syncDirectory } from './segment-file.ts';

export interface SegmentWriter {
  readonly number: number;
  readonly records: number;
  readonly bytes: number;
  /** Whole or not at all. @throws TallygateError `TALLYGATE_SPOOL_FAILED` */
  append(frame: Buffer): void;
  /**
   * May be tried again after it rejected. Resolves to false when the disk would not confirm the bytes: they are in the page
   * cache only, and asking again would be answered with a success that means nothing.
   * @throws ENOENT when the directory has been adopted by somebody else.
   */
  seal(): Promise<boolean>;
  /** All bytes written so far, wherever the file has been moved to. */
  content(): Buffer;
  release(): void;
}

const datasync = promisify(fdatasync);

/** @throws TallygateError `TALLYGATE_SPOOL_FAILED` */
export function createSegmentWriter(
  directory: string,
  spoolId: string,
  number: number,
  clock: Clock,
): SegmentWriter {
  const descriptor = failing(() => openSync(segmentPath(directory, number, 'open'), 'ax+'));
  const sealing = { descriptor, directory, number, renamed: false, synced: null };
  let bytes = 0;
  let records = 0;
  let released = false;

  function append(frame: Buffer): void {
    failing(() => appendWhole(descriptor, frame, bytes));
    bytes += frame.length;
  }
  function release(): void {
    if (!released) closeSync(descriptor);
    released = true;
  }

  const header = { kind: 'header', format: SPOOL_FORMAT, spoolId, segment: number } as const;
  try {
    append(encodeRecord({ ...header, createdAtMs: clock.nowMs() }));
  } catch (error) {
    // A full disk is met at every call: each would leave a descriptor and an empty file behind.
    release();
    unlinkSync(segmentPath(directory, number, 'open'));
    throw error;
  }
  return {
    number,
    get records() {
      return records;
    },
    get bytes() {
      return bytes;
    },
    append(frame) {
      append(frame);
      records += 1;
    },
    async seal() {
      const safe = await sealed(sealing);
      release();
      return safe;
    },
    content: () => contentOf(descriptor),
    release,
  };
}

interface Sealing {
  descriptor: number;
  directory: string;
  number: number;
  /** How far an earlier try came. */
  renamed: boolean;
  synced: Promise<boolean> | null;
}

async function sealed(sealing: Sealing): Promise<boolean> {
  sealing.synced ??= datasync(sealing.descriptor).then(
    () => true,
    () => false,
  );
  const safe = await sealing.synced;
  if (!sealing.renamed) await moveSegment(sealing.directory, sealing.number, 'open', 'ready');
  sealing.renamed = true;
  await syncDirectory(sealing.directory);
  return safe;
}

function appendWhole(descriptor: number, frame: Buffer, end: number): void {
  try {
    writeAll(descriptor, frame);
  } catch (error) {
    // A disk that fills up takes half a frame: without the cut, everything behind it would lie after damage.
    ftruncateSync(descriptor, end);
    throw error;
  }
}

function contentOf(descriptor: number): Buffer {
  const content = Buffer.alloc(fstatSync(descriptor).size);
  readSync(descriptor, content, 0, content.length, 0);
  return content;
}

/** The system may take less than it was given. */
function writeAll(descriptor: number, frame: Buffer): void {
  let written = 0;
  while (written < frame.length) written += writeSync(descriptor, frame, written);
}

function failing<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (TallygateError.isInstance(cause)) throw cause;
    throw new TallygateError('TALLYGATE_SPOOL_FAILED', {
      message: `The spool cannot be written: ${cause instanceof Error ? cause.message : String(cause)}.`,
      cause,
    });
  }
}
