/**
 * A file that only grows, and how safe its end is. `os`: the system has each frame when `append` returns. `group`: it has them all
 * a few milliseconds later, in one write. `fsync`: as `os`, and a few milliseconds later the disk has confirmed them.
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
import { spoolFailure } from './spool-failure.ts';

export type FileDurability = 'os' | 'group' | 'fsync';

export interface AppendFile {
  readonly bytes: number;
  /** Whole or not at all. @throws TallygateError `TALLYGATE_SPOOL_FAILED` */
  append(frame: Buffer): void;
  /** Resolves when all that was appended is as safe as the level promises. @throws TallygateError `TALLYGATE_SPOOL_FAILED` */
  persisted(): Promise<void>;
  /**
   * Everything onto the disk. False when it would not confirm: the bytes are in the page cache only, and asking again would be
   * answered with a success that means nothing.
   */
  sync(): Promise<boolean>;
  /** All bytes appended so far, wherever the file has been moved to. */
  content(): Buffer;
  close(): void;
  /** For a file that never got its first frame. */
  remove(): void;
}

const GROUP_MS = 5;
const datasync = promisify(fdatasync);

/** @throws TallygateError `TALLYGATE_SPOOL_FAILED` */
export function createAppendFile(path: string, durability: FileDurability): AppendFile {
  const descriptor = failing(() => openSync(path, 'ax+'));
  let written = 0;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  const disk = createConfirmations(descriptor);
  let closed = false;
  const groups = createGroups();

  function write(bytes: Buffer): void {
    failing(() => appendWhole(descriptor, bytes, written));
    written += bytes.length;
  }

  function writeWaiting(): void {
    if (closed || waiting.length === 0) return;
    write(Buffer.concat(waiting));
    waiting = [];
    waitingBytes = 0;
  }

  return {
    get bytes() {
      return written + waitingBytes;
    },
    append(frame) {
      if (durability !== 'group') write(frame);
      if (durability === 'fsync') groups.join(disk.confirmed);
      if (durability !== 'group') return;
      waiting.push(frame);
      waitingBytes += frame.length;
      groups.join(writeWaiting);
    },
    async persisted() {
      await groups.last();
      writeWaiting();
      const failure = disk.failure();
      if (failure !== null) throw spoolFailure('The disk did not confirm what was recorded', failure);
    },
    async sync() {
      writeWaiting();
      await disk.confirmedForGood();
      return disk.failure() === null;
    },
    content: () => Buffer.concat([contentOf(descriptor), ...waiting]),
    close() {
      if (closed) return;
      closed = true;
      disk.askNoMore();
      closeSync(descriptor);
    },
    remove: () => unlinkSync(path),
  };
}

/** Questions to the disk, one after the other: none may be under way when the file is closed. */
function createConfirmations(descriptor: number) {
  /** What the disk said when it would not confirm. It is not believed again about this file. */
  let failure: unknown = null;
  let isOver = false;
  let asking: Promise<void> = Promise.resolve();
  let last: Promise<void> | null = null;

  async function ask(): Promise<void> {
    if (isOver) return;
    try {
      await datasync(descriptor);
    } catch (cause) {
      failure ??= cause;
    }
  }

  return {
    /** Whoever comes after the last question waits for its answer. */
    confirmed(): Promise<void> {
      if (last !== null) return last;
      asking = asking.then(ask);
      return asking;
    },
    confirmedForGood(): Promise<void> {
      last ??= asking.then(ask);
      return last;
    },
    failure: () => failure,
    askNoMore(): void {
      isOver = true;
    },
  };
}

/** Work that is done once for all who ask for it within a few milliseconds. */
function createGroups() {
  let gathering: Promise<void> | null = null;
  /** The work of the last group: the next one gathers while it goes on. */
  let working: Promise<void> = Promise.resolve();
  return {
    join(work: () => void | Promise<void>): void {
      gathering ??= after(GROUP_MS).then(() => {
        gathering = null;
        working = Promise.resolve().then(work);
        return working;
      });
      // Whoever waits for `last` is told; what failed stays where it is for the next group.
      gathering.catch(() => {});
    },
    last: (): Promise<void> => gathering ?? working.catch(() => {}),
  };
}

function appendWhole(descriptor: number, bytes: Buffer, end: number): void {
  try {
    // The system may take less than it was given.
    for (let taken = 0; taken < bytes.length; ) taken += writeSync(descriptor, bytes, taken);
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

function after(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

function failing<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw spoolFailure('The spool cannot be written', cause);
  }
}
