import type { ReadableByteStreamController, ReadableStreamReadResult } from 'node:stream/web';

/** Told about bytes as they pass. None of these may throw. */
export interface StreamTap {
  chunk(bytes: Uint8Array): void;
  /** The source ended by itself. */
  ended(): void;
  /** The caller left, or the source failed. `error` is what the caller will see; null when the caller cancelled. */
  broken(error: unknown): void;
}

/**
 * The same bytes, watched. Nothing is read ahead and nothing is kept: one pull of the caller is one read of the source, and
 * the caller's cancellation reaches the source at once, so that a provider stops generating what nobody will read. A copy of
 * the stream (`tee`, `clone`) would keep it alive and pay for the rest.
 *
 * `open` is called at the first read, not before: until then the source stays unlocked, as it would be without us.
 */
export function tapStream(
  open: () => ReadableStream<Uint8Array>,
  tap: StreamTap,
): ReadableStream<Uint8Array> {
  const source = watchedReader(open, tap);
  const tapped: ReadableStream<Uint8Array> = new ReadableStream(
    {
      type: 'bytes',
      async pull(controller: ReadableByteStreamController) {
        const { done, value } = await source.read();
        if (done) {
          controller.close();
          // A byte stream with a waiting BYOB reader ends only when its request is answered.
          controller.byobRequest?.respond(0);
        } else {
          controller.enqueue(value);
        }
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return iterableDirectly(tapped, source);
}

type ReadResult = ReadableStreamReadResult<Uint8Array>;

interface WatchedReader {
  read(): Promise<ReadResult>;
  cancel(reason?: unknown): Promise<void>;
}

function watchedReader(open: () => ReadableStream<Uint8Array>, tap: StreamTap): WatchedReader {
  let reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  let over = false;
  const opened = () => {
    reader ??= open().getReader();
    return reader;
  };
  const onResult = (result: ReadResult): ReadResult | Promise<ReadResult> => {
    if (result.done) {
      over = true;
      tap.ended();
    } else if (result.value.byteLength === 0) {
      return read();
    } else {
      tap.chunk(result.value);
    }
    return result;
  };
  const onFailure = (error: unknown): never => {
    over = true;
    tap.broken(error);
    throw error;
  };
  const read = (): Promise<ReadResult> => opened().read().then(onResult, onFailure);
  return {
    read,
    cancel(reason) {
      if (over) return Promise.resolve();
      over = true;
      tap.broken(null);
      return opened().cancel(reason);
    },
  };
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * `for await` over a stream normally passes each chunk through the stream's queue. Reading the source from the iterator
 * itself saves that, which is most of what watching costs: one promise is added per chunk, and nothing is copied or
 * allocated. The stream is locked meanwhile, as it would be.
 */
function iterableDirectly(
  tapped: ReadableStream<Uint8Array>,
  source: WatchedReader,
): ReadableStream<Uint8Array> {
  const iterate = (options?: { preventCancel?: boolean }): AsyncIterableIterator<Uint8Array> => {
    const lock = tapped.getReader();
    let finished = false;
    const finish = () => {
      finished = true;
      lock.releaseLock();
    };
    const onResult = (
      result: ReadResult,
    ): IteratorResult<Uint8Array> | Promise<IteratorResult<Uint8Array>> => {
      if (!result.done) return result;
      finish();
      // The stream itself is over too, for whoever looks at it afterwards.
      return tapped.cancel().then(
        () => DONE,
        () => DONE,
      );
    };
    const onFailure = (error: unknown): never => {
      finish();
      throw error;
    };
    return {
      next: () => (finished ? Promise.resolve(DONE) : source.read().then(onResult, onFailure)),
      async return(value?: unknown) {
        if (finished) return { done: true, value };
        finish();
        if (options?.preventCancel !== true) await tapped.cancel();
        return { done: true, value };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  };
  Object.defineProperty(tapped, Symbol.asyncIterator, { value: iterate, configurable: true });
  Object.defineProperty(tapped, 'values', { value: iterate, configurable: true });
  return tapped;
}
