import type { ReadableByteStreamController, ReadableStreamController } from 'node:stream/web';
import type { ByteStream, StreamReader } from './watch-reads.ts';

/** Byte streams, as the platform's bodies are, can be read into a buffer of the caller's own. */
export type StreamKind = 'bytes' | 'plain';

/** Nothing tells but asking for what only byte streams have. */
export function kindOf(stream: ByteStream): StreamKind {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return 'bytes';
  } catch {
    return 'plain';
  }
}

export function streamOfKind(
  kind: StreamKind,
  ways: {
    start?(controller: ReadableStreamController<Uint8Array>): void;
    pull(controller: ReadableStreamController<Uint8Array>): Promise<void>;
    cancel(reason: unknown): void | Promise<void>;
  },
): ByteStream {
  const nothingAhead = { highWaterMark: 0 };
  return kind === 'bytes'
    ? new ReadableStream({ type: 'bytes', ...ways }, nothingAhead)
    : new ReadableStream<Uint8Array>(ways, nothingAhead);
}

/**
 * A stream that reads another one by its methods: one pull of it is one read of the source, and its cancellation is the
 * source's. The source is locked from the first on, and free again when it is over.
 */
export function pulledThrough(source: ByteStream, kind: StreamKind): ByteStream {
  const reader = source.getReader();

  async function cancel(reason: unknown): Promise<void> {
    const cancelled = reader.cancel(reason);
    reader.releaseLock();
    await cancelled;
  }

  return streamOfKind(kind, { pull: pulling(reader), cancel });
}

/** One pull of the stream is one read of `reader`. */
export function pulling(reader: Pick<StreamReader, 'read' | 'releaseLock'>) {
  function failed(error: unknown): never {
    reader.releaseLock();
    throw error;
  }

  return async function pull(controller: ReadableStreamController<Uint8Array>): Promise<void> {
    const { done, value } = await reader.read().catch(failed);
    if (!done) {
      controller.enqueue(value);
      return;
    }
    reader.releaseLock();
    controller.close();
    // A waiting BYOB reader ends only when its request is answered.
    if ('byobRequest' in controller) (controller as ReadableByteStreamController).byobRequest?.respond(0);
  };
}
