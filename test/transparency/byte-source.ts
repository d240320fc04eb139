/** How a body arrives. */
export interface Delivery {
  chunks: readonly Uint8Array[];
  /** What the source does after its last chunk: ends, fails with this error, or says nothing more. */
  ending: { kind: 'end' } | { kind: 'fail'; error: unknown } | { kind: 'silence' };
  /** A byte stream is what `fetch` gives; a plain one comes from a `fetch` of somebody's own, and may give empty chunks. */
  stream: 'bytes' | 'plain';
  /** The request is aborted when more is asked for the n-th time; null for never. */
  abortAt: number | null;
}

export function wholeDelivery(bytes: Uint8Array): Delivery {
  return { chunks: inPieces(bytes), ending: { kind: 'end' }, stream: 'bytes', abortAt: null };
}

export interface ByteSource {
  stream: ReadableStream<Uint8Array>;
  /** What reached the source, in order: each request for more, and each cancellation with its reason. */
  log: unknown[];
  /** Breaks the source off, as the platform does when the request is aborted. */
  abort(reason: unknown): void;
}

type Controller = ReadableStreamDefaultController<Uint8Array> | ReadableByteStreamController;

/** A body that gives one chunk for each request and reads nothing ahead. */
export function byteSource(delivery: Delivery, onAsked: (times: number) => void): ByteSource {
  const log: unknown[] = [];
  let asked = 0;
  let isOpen = true;
  let controller: Controller | undefined;
  const underlying = {
    start(given: Controller) {
      controller = given;
    },
    pull(given: Controller): Promise<void> | undefined {
      log.push('asked');
      asked += 1;
      onAsked(asked);
      return isOpen ? give(delivery, asked, given) : undefined;
    },
    cancel(reason: unknown) {
      isOpen = false;
      log.push(['cancelled', reason]);
    },
  };
  return {
    stream: streamOf(delivery.stream, underlying),
    log,
    abort(reason) {
      if (isOpen) controller?.error(reason);
      isOpen = false;
    },
  };
}

function streamOf(kind: Delivery['stream'], underlying: object): ReadableStream<Uint8Array> {
  if (kind === 'plain') return new ReadableStream<Uint8Array>(underlying, { highWaterMark: 0 });
  return new ReadableStream({ ...underlying, type: 'bytes' });
}

function give(
  { chunks, ending }: Delivery,
  asked: number,
  controller: Controller,
): Promise<void> | undefined {
  const chunk = chunks[asked - 1];
  if (chunk) controller.enqueue(new Uint8Array(chunk) as Uint8Array<ArrayBuffer>);
  else if (ending.kind === 'fail') controller.error(ending.error);
  else if (ending.kind === 'end') end(controller);
  else return new Promise(() => undefined);
  return undefined;
}

function end(controller: Controller): void {
  controller.close();
  // A caller that brings its own buffer waits until its request is answered.
  if ('byobRequest' in controller) controller.byobRequest?.respond(0);
}

/** The bytes in pieces that split characters and lines, the same for the same bytes. */
function inPieces(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let size = 1;
  for (let start = 0; start < bytes.length; start += size) {
    size = 1 + ((start * 31 + bytes.length) % 2_039);
    pieces.push(bytes.subarray(start, start + size));
  }
  return pieces;
}
