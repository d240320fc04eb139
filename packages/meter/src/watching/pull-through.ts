import type { ReadableByteStreamController } from 'node:stream/web';

type ByteStream = ReadableStream<Uint8Array>;
type Controller = ReadableStreamDefaultController<Uint8Array> | ReadableByteStreamController;

/**
 * A stream that reads another one by its methods: one pull of it is one read of the source, and its cancellation is the
 * source's. The source is locked from the first on, and free again when it is over.
 */
export function pulledThrough(source: ByteStream): ByteStream {
  return new ReadableStream<Uint8Array>(throughReader(source.getReader()), { highWaterMark: 0 });
}

/** As `pulledThrough`, and like the source one whose readers may bring their own buffers where the source is. */
export function pulledThroughAlike(source: ByteStream, isByteStream: boolean): ByteStream {
  if (!isByteStream) return pulledThrough(source);
  return new ReadableStream({ type: 'bytes', ...throughReader(source.getReader()) }, { highWaterMark: 0 });
}

function throughReader(reader: ReadableStreamDefaultReader<Uint8Array>) {
  async function pull(controller: Controller): Promise<void> {
    const { done, value } = await reader.read().catch(released);
    if (!done) {
      controller.enqueue(value);
      return;
    }
    reader.releaseLock();
    controller.close();
    // A waiting BYOB reader ends only when its request is answered.
    if ('byobRequest' in controller) controller.byobRequest?.respond(0);
  }

  function released(error: unknown): never {
    reader.releaseLock();
    throw error;
  }

  async function cancel(reason: unknown): Promise<void> {
    const cancelled = reader.cancel(reason);
    reader.releaseLock();
    await cancelled;
  }

  return { pull, cancel };
}
