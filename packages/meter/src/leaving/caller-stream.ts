import type { ReadableStreamController } from 'node:stream/web';
import { pulling } from '../watching/pull-through.ts';
import type { ByteStream, WatchedReads } from '../watching/watch-reads.ts';

type StreamKind = 'bytes' | 'plain';

export interface CallerStream {
  stream: ByteStream;
  /** Breaks it as an abort breaks the body of a response: what is not read yet is gone. */
  fail(reason: unknown): void;
}

/**
 * What the caller gets to read instead of the source, one pull for one read, and of the same kind. Leaving it, or losing it unread,
 * calls `onLeft` and touches nothing else. Whoever can fail it must not keep it alive: that it is gone is how we learn that nobody
 * will read it.
 */
export function callerStream(kind: StreamKind, reads: WatchedReads, onLeft: () => void): CallerStream {
  let open: WeakRef<ReadableStreamController<Uint8Array>> | null = null;
  const ways = {
    start(controller: ReadableStreamController<Uint8Array>) {
      open = new WeakRef(controller);
    },
    pull: pulling(reads),
    cancel: onLeft,
  };
  const nothingAhead = { highWaterMark: 0 };
  const stream: ByteStream =
    kind === 'bytes'
      ? new ReadableStream({ type: 'bytes', ...ways }, nothingAhead)
      : new ReadableStream<Uint8Array>(ways, nothingAhead);
  lost.register(stream, onLeft);
  return { stream, fail: (reason) => open?.deref()?.error(reason) };
}

/** Byte streams, as the platform's bodies are, can be read into a buffer of the caller's own. */
export function kindOf(stream: ByteStream): StreamKind {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return 'bytes';
  } catch {
    return 'plain';
  }
}

const lost = new FinalizationRegistry<() => void>((onLeft) => onLeft());
