import type { ReadableByteStreamController, ReadableStreamController } from 'node:stream/web';
import type { StreamReader } from './watch-reads.ts';

/**
 * A stream that reads another one by its methods: one pull of it is one read of the source, and its cancellation is the
 * source's. The source is locked from the first on, and free again when it is over.
 */
export function pulledThrough(source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = source.getReader();

  async function cancel(reason: unknown): Promise<void> {
    await reader.cancel(reason);
    reader.releaseLock();
  }

  return new ReadableStream({ type: 'bytes', pull: pulling(reader), cancel }, { highWaterMark: 0 });
}

/** One pull of the stream is one read of `reader`. */
export function pulling(reader: Pick<StreamReader, 'read' | 'releaseLock'>) {
  return async function pull(controller: ReadableStreamController<Uint8Array>): Promise<void> {
    const byteController = 'byobRequest' in controller ? (controller as ReadableByteStreamController) : null;
    const { done, value } = await reader.read();
    // A byte stream takes no empty chunk.
    if (!done && value.byteLength === 0 && byteController) return pull(controller);
    if (!done) return controller.enqueue(value);
    reader.releaseLock();
    controller.close();
    // A waiting BYOB reader ends only when its request is answered.
    byteController?.byobRequest?.respond(0);
  };
}
