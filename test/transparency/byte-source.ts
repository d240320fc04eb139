/** How a body arrives. */
export interface Delivery {
  chunks: readonly Uint8Array[];
  /** What the source does after its last chunk: ends, fails with this error, or says nothing more. */
  ending: { kind: 'end' } | { kind: 'fail'; error: unknown } | { kind: 'silence' };
}

export interface ByteSource {
  stream: ReadableStream<Uint8Array>;
  /** What reached the source, in order: each request for more, and each cancellation with its reason. */
  log: unknown[];
  /** Resolves when more is asked for than there is. */
  awaited: Promise<void>;
  /** Breaks the source off, as the platform does when the request is aborted. */
  abort(reason: unknown): void;
}

/** A body as `fetch` gives it: a byte stream that gives one chunk for each request and reads nothing ahead. */
export function byteSource({ chunks, ending }: Delivery): ByteSource {
  const log: unknown[] = [];
  let next = 0;
  let controller: ReadableByteStreamController | undefined;
  let silent: () => void = () => undefined;
  const awaited = new Promise<void>((resolve) => {
    silent = resolve;
  });
  const stream = new ReadableStream({
    type: 'bytes',
    start(given) {
      controller = given;
    },
    pull(given): Promise<void> | undefined {
      log.push('asked');
      const chunk = chunks[next];
      next += 1;
      if (chunk) given.enqueue(new Uint8Array(chunk));
      else if (ending.kind === 'fail') given.error(ending.error);
      else if (ending.kind === 'end') end(given);
      else {
        silent();
        return new Promise(() => undefined);
      }
      return undefined;
    },
    cancel: (reason) => void log.push(['cancelled', reason]),
  });
  return { stream, log, awaited, abort: (reason) => controller?.error(reason) };
}

function end(controller: ReadableByteStreamController): void {
  controller.close();
  // A caller that brings its own buffer waits until its request is answered.
  controller.byobRequest?.respond(0);
}

/** The bytes in pieces that split characters and lines, the same for the same bytes. */
export function inPieces(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let size = 1;
  for (let start = 0; start < bytes.length; start += size) {
    size = 1 + ((start * 31 + bytes.length) % 2_039);
    pieces.push(bytes.subarray(start, start + size));
  }
  return pieces;
}
