import type { ReadableStreamReadResult } from 'node:stream/web';

/** Told about bytes as they pass. */
export interface StreamTap {
  chunk(bytes: Uint8Array): void;
  /** The source ended by itself. */
  ended(): void;
  /** The caller left, or the source failed. `error` is what the caller will see; null when the caller cancelled. */
  broken(error: unknown): void;
}

export type ByteStream = ReadableStream<Uint8Array>;
export type StreamReader = ReadableStreamDefaultReader<Uint8Array>;
type ReadResult = ReadableStreamReadResult<Uint8Array>;

/** The ways to use one reader, watched. */
export interface WatchedReads extends Pick<StreamReader, 'read' | 'cancel' | 'releaseLock'> {
  /** As `read`, a turn of the microtask queue later, which is cheaper. For a loop of our own; others may count turns. */
  next: () => Promise<ReadResult>;
  /** Called when the source has ended or failed, before whoever read it knows. */
  onOver: (() => void) | null;
}

/** One promise is derived from each of the reader's, and that is all a chunk costs: the bytes are looked at first by us. */
export function watchReads(reader: StreamReader, tapOf: () => StreamTap): WatchedReads {
  const native = { read: reader.read, cancel: reader.cancel, releaseLock: reader.releaseLock };
  let isReleased = false;

  function seen(result: ReadResult): ReadResult {
    passOn(result, tapOf());
    if (result.done) watched.onOver?.();
    return result;
  }

  function failed(error: unknown): never {
    // A reader that was let go rejects its reads; the stream itself goes on.
    if (!isReleased) {
      tapOf().broken(error);
      watched.onOver?.();
    }
    throw error;
  }

  const watched: WatchedReads = {
    onOver: null,
    read(...view: []) {
      tapOf();
      const reading = native.read.apply(reader, view);
      reading.then(seen, failed).catch(ignored);
      return reading;
    },
    next() {
      tapOf();
      return native.read.call(reader).then(seen, failed);
    },
    cancel(reason) {
      const tap = tapOf();
      // A chunk that had arrived is seen first, as its reader will see it.
      queueMicrotask(() => tap.broken(null));
      return native.cancel.call(reader, reason);
    },
    releaseLock() {
      isReleased = true;
      native.releaseLock.call(reader);
    },
  };
  return watched;
}

/** The reader has the same rejection. */
function ignored(): void {}

/** A defect of ours ends the watching, not the caller's process. */
export function passOn({ done, value }: ReadResult, tap: StreamTap): void {
  try {
    if (done) tap.ended();
    else tap.chunk(value);
  } catch (error) {
    tap.broken(error);
  }
}
