import { kindOf, pulledThrough } from './pull-through.ts';
import { createShadow } from './shadow.ts';
import {
  type ByteStream,
  type StreamReader,
  type StreamTap,
  type WatchedReads,
  watchReads,
} from './watch-reads.ts';

/**
 * The same stream object, watched. Nothing is read ahead, nothing is kept and nothing comes between: the caller reads the source
 * itself, and a cancellation is the source's own, so that a provider stops generating what nobody will read. A copy of the stream
 * (`tee`) would keep it alive and pay for the rest.
 *
 * A stream that is transferred to a worker is read where nobody here can see it.
 *
 * @param watcher `start` is called at the first read, not before: looking at a body (`response.body?.locked`) is no reading.
 */
export function watchStream(stream: ByteStream, watcher: StreamWatcher): void {
  let tap: StreamTap | null = null;
  const start = () => {
    tap ??= watcher.start();
    return tap;
  };
  shadowStream(stream, { start, watcher });
}

export interface StreamWatcher {
  start(): StreamTap;
  /** True while the runtime reads the stream itself, for a way of reading that is watched as a whole. */
  readonly isReadWhole: boolean;
  /** Set once the stream was piped somewhere: from then on it counts as used, though nothing may have been read. */
  isPiped: boolean;
}

interface WatchedStream {
  /** The one tap of the stream, made at its first read. */
  start(): StreamTap;
  watcher: StreamWatcher;
}

const shadowStream = createShadow<ByteStream, WatchedStream>((native, watchedOf) => {
  const watchedReader = (stream: ByteStream, ...options: []) => {
    const reader = native.getReader.call(stream, ...options) as StreamReader;
    return { reader, reads: watchReads(reader, watchedOf(stream).start) };
  };
  const values = function (this: ByteStream, options?: IterationOptions) {
    return iterated(watchedReader(this).reads, options);
  };
  return {
    getReader(this: ByteStream, ...options: []) {
      if (watchedOf(this).watcher.isReadWhole) return native.getReader.call(this, ...options);
      const { reader, reads } = watchedReader(this, ...options);
      shadowReader(reader, reads);
      return reader;
    },
    values,
    [Symbol.asyncIterator]: values,
    cancel(this: ByteStream, reason?: unknown) {
      if (!this.locked) watchedOf(this).start().broken(null);
      return native.cancel.call(this, reason);
    },
    // The native ones read past every method: what they get here is a stream that reads this one by its methods.
    tee(this: ByteStream) {
      return pulledThrough(this, kindOf(this)).tee();
    },
    pipeTo(this: ByteStream, ...destination: Parameters<ByteStream['pipeTo']>) {
      const through = pulledThrough(this, 'plain');
      watchedOf(this).watcher.isPiped = true;
      return through.pipeTo(...destination);
    },
    pipeThrough(this: ByteStream, ...transform: Parameters<ByteStream['pipeThrough']>) {
      const through = pulledThrough(this, 'plain');
      watchedOf(this).watcher.isPiped = true;
      return through.pipeThrough(...transform);
    },
  };
});

const shadowReader = createShadow<StreamReader, WatchedReads>((_native, readsOf) => ({
  read(this: StreamReader, ...view: []) {
    return readsOf(this).read(...view);
  },
  cancel(this: StreamReader, reason?: unknown) {
    return readsOf(this).cancel(reason);
  },
  releaseLock(this: StreamReader) {
    readsOf(this).releaseLock();
  },
}));

interface IterationOptions {
  preventCancel?: boolean;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** What `for await` reads by. The native iterator makes two more promises for each chunk than its reader does. */
function iterated(
  reads: WatchedReads,
  { preventCancel = false }: IterationOptions = {},
): AsyncIterableIterator<Uint8Array> {
  let isOver = false;
  const over = () => {
    isOver = true;
    reads.releaseLock();
  };
  reads.onOver = over;
  return {
    next: () => (isOver ? Promise.resolve(DONE) : reads.next()) as Promise<IteratorResult<Uint8Array>>,
    async return(value?: unknown) {
      if (isOver) return { done: true, value };
      const cancelled = preventCancel ? undefined : reads.cancel(value);
      over();
      await cancelled;
      return { done: true, value };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
