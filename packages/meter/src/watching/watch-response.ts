import type { Reading } from './readings.ts';
import { createShadow, getterOf } from './shadow.ts';
import { type EmittingStream, watchEmitter } from './watch-emitter.ts';
import type { ByteStream } from './watch-reads.ts';
import { type StreamWatcher, watchStream } from './watch-stream.ts';

/**
 * The same response object, watched while the caller reads it, whichever way that is: `json()`, `text()`, the body stream, a
 * clone. Nothing is replaced but the ways to read.
 *
 * @param attach called for the response, and for each clone of it. What it returns is called when reading begins; each collects
 *   on its own.
 */
export function watchResponse(response: Response, attach: () => StartReading): Response {
  const begin = attach();
  if (response.body === null) begin().ended();
  else shadowResponse(response, watchBegunBy(begin, attach));
  return response;
}

export type StartReading = () => Reading;

function watchBegunBy(begin: StartReading, attach: () => StartReading): Watch {
  const watch: Watch = {
    attach,
    start() {
      watch.isBegun = true;
      return begin();
    },
    body: null,
    isReadWhole: false,
    isBegun: false,
    isPiped: false,
  };
  return watch;
}

interface Watch {
  attach: () => StartReading;
  start: StartReading;
  /** The stream that is watched already: a clone gives the response another one. */
  body: ByteStream | null;
  /** The runtime begins to read the stream itself, for a way of reading that is watched as a whole: no need to watch it twice. */
  isReadWhole: boolean;
  isBegun: boolean;
  isPiped: boolean;
}

const encoder = new TextEncoder();

function readAtOnce(bytes: Uint8Array, reading: Reading): void {
  reading.chunk(bytes);
  reading.ended();
}

/** Of the platform's kind, or Node's. What is neither, or lets nobody mark it, is read unseen: nothing of ours is an error of it. */
function watchBody(body: object | null | undefined, watcher: StreamWatcher): void {
  try {
    // Its class is asked: each stream of the runtime has a hidden class of its own, in which everything is searched for.
    const native = Object.getPrototypeOf(body) as Partial<ByteStream & EmittingStream> | null;
    if (typeof native?.getReader === 'function') watchStream(body as ByteStream, watcher);
    else if (typeof native?.emit === 'function') watchEmitter(body as EmittingStream, watcher.start);
  } catch {
    // The attempt ends as one whose answer was never read.
  }
}

const shadowResponse = createShadow<Response, Watch>((native, watchOf) => {
  const nativeBody = getterOf(native, 'body') as (response: Response) => ByteStream | null;
  const nativeBodyUsed = getterOf(native, 'bodyUsed');

  async function whole<Value>(
    response: Response,
    read: () => Promise<Value>,
    onValue: (value: Value, reading: Reading) => void,
  ): Promise<Value> {
    const watch = watchOf(response);
    // The native error says why, as it would without us.
    if (watch.isBegun || nativeBody(response)?.locked) return read.call(response);
    const reading = watch.start();
    try {
      watch.isReadWhole = true;
      const reads = read.call(response);
      watch.isReadWhole = false;
      const value = await reads;
      onValue(value, reading);
      return value;
    } catch (error) {
      reading.broken(error);
      throw error;
    }
  }

  const bytesOf = (response: Response) =>
    whole(response, native.arrayBuffer, (buffer, reading) => readAtOnce(new Uint8Array(buffer), reading));

  return {
    get body(): ByteStream | null {
      const response = this as unknown as Response;
      const watch = watchOf(response);
      const stream = nativeBody(response);
      if (watch.isReadWhole || stream === watch.body) return stream;
      watch.body = stream;
      watchBody(stream, watch);
      return stream;
    },
    get bodyUsed(): boolean {
      const response = this as unknown as Response;
      return watchOf(response).isPiped || nativeBodyUsed(response);
    },
    arrayBuffer(this: Response) {
      return bytesOf(this);
    },
    async bytes(this: Response) {
      return new Uint8Array(await bytesOf(this));
    },
    text(this: Response) {
      return whole(this, native.text, (text, reading) => readAtOnce(encoder.encode(text), reading));
    },
    async blob(this: Response) {
      const typed = new Response(null, { headers: this.headers });
      const [bytes, { type }] = await Promise.all([bytesOf(this), typed.blob()]);
      return new Blob([bytes], { type });
    },
    json(this: Response) {
      return whole<unknown>(this, native.json, (value, reading) => reading.value(value));
    },
    clone(this: Response) {
      return watchResponse(native.clone.call(this), watchOf(this).attach);
    },
  };
});
