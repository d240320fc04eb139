/** The one file that is being written, until it is sealed: then it is on the disk under its final name, and never changes again. */
import type { Clock } from '@tallygate/usage';
import { type AppendFile, createAppendFile, type FileDurability } from './append-file.ts';
import { encodeRecord, SPOOL_FORMAT } from './record.ts';
import { moveSegment, segmentPath, syncDirectory } from './segment-file.ts';

export interface SegmentWriter
  extends Pick<AppendFile, 'bytes' | 'append' | 'persisted' | 'sync' | 'content'> {
  readonly number: number;
  readonly records: number;
  /**
   * Gives the file its final name, for good. May be tried again after it rejected.
   * @throws ENOENT when the directory has been adopted by somebody else.
   */
  finish(): Promise<void>;
  release(): void;
}

/** @throws TallygateError `TALLYGATE_SPOOL_FAILED` */
export function createSegmentWriter(
  { directory, spoolId }: { directory: string; spoolId: string },
  number: number,
  { clock, durability = 'os' }: { clock: Clock; durability?: FileDurability },
): SegmentWriter {
  const file = createAppendFile(segmentPath(directory, number, 'open'), durability);
  let records = 0;
  let renamed = false;
  try {
    const header = { kind: 'header', format: SPOOL_FORMAT, spoolId, segment: number } as const;
    file.append(encodeRecord({ ...header, createdAtMs: clock.nowMs() }));
  } catch (error) {
    // A full disk is met at every call: each would leave a descriptor and an empty file behind.
    file.close();
    file.remove();
    throw error;
  }
  return {
    number,
    get records() {
      return records;
    },
    get bytes() {
      return file.bytes;
    },
    append(frame) {
      file.append(frame);
      records += 1;
    },
    persisted: file.persisted,
    sync: file.sync,
    async finish() {
      if (!renamed) await moveSegment(directory, number, 'open', 'ready');
      renamed = true;
      await syncDirectory(directory);
      file.close();
    },
    content: file.content,
    release: file.close,
  };
}
