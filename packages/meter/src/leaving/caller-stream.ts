import type { ReadableStreamController } from 'node:stream/web';
import { pulling, type StreamKind, streamOfKind } from '../watching/pull-through.ts';
import type { ByteStream, WatchedReads } from '../watching/watch-reads.ts';

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
  const stream = streamOfKind(kind, {
    start(controller) {
      open = new WeakRef(controller);
    },
    pull: pulling(reads),
    cancel: onLeft,
  });
  lost.register(stream, onLeft);
  return { stream, fail: (reason) => open?.deref()?.error(reason) };
}

const lost = new FinalizationRegistry<() => void>((onLeft) => onLeft());
