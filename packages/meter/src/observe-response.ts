import { type Answer, emptyAnswer, readBody, readEvent } from './answer.ts';
import { createSseScanner } from './sse-scanner.ts';
import { tapStream } from './tap-stream.ts';

export interface ResponseObserver {
  /** Somebody began to read: `answer` fills up as they do. */
  onReading(answer: Answer): void;
  /** Bytes arrived. Called often; must be cheap. */
  onBytes(): void;
  /** Nobody can read any more: the response and all that was made of it are gone, and `onEnd` was never called. */
  onForgotten(): void;
  /** Called at most once, when the body was read whole, broke off or was left. `error` is null unless reading failed. */
  onEnd(answer: Answer, end: { broken: boolean; error: unknown }): void;
}

/**
 * The same response object, watched while the caller reads it, whichever way that is: `json()`, `text()`, the body stream, a
 * clone. Identity, `url`, `type`, `redirected` and headers stay as they are, because nothing is replaced but the ways to read.
 * A body that nobody reads ends nothing while anybody still could; then the observer is told that it was forgotten.
 */
export function observeResponse(response: Response, observer: ResponseObserver): Response {
  const isStream = (response.headers.get('content-type') ?? '').includes('text/event-stream');
  // Everything that can still read holds on to it: when it is collected, nobody can.
  const watch = { openReaders: 0, concluded: false };
  forgotten.register(watch, observer, observer);

  /** Each way of reading collects on its own; the first whole answer counts, a broken one only when no other reader is left. */
  function newReading(): Finish {
    watch.openReaders += 1;
    let finished = false;
    return (answer, error) => {
      if (finished) return;
      finished = true;
      watch.openReaders -= 1;
      const isLast = watch.openReaders === 0;
      if (watch.concluded || (!answer.complete && answer.errorCode === null && !isLast)) return;
      watch.concluded = true;
      forgotten.unregister(observer);
      observer.onEnd(answer, { broken: !answer.complete, error });
    };
  }

  return watched(response, () =>
    isStream ? streamReading(newReading(), observer) : jsonReading(newReading(), observer),
  );
}

const forgotten = new FinalizationRegistry<ResponseObserver>((observer) => observer.onForgotten());

/** What one reading of the body learns from, whether it sees bytes as they pass or the whole at once. */
export interface Reading {
  chunk(bytes: Uint8Array): void;
  ended(): void;
  broken(error: unknown): void;
  /** The parsed JSON, where the caller asked for it: saves parsing it twice. */
  value(body: unknown): void;
}

/** What surrounds the text in a `data:` line: a blank, type, index, delta type, braces. */
const DELTA_ENVELOPE_BYTES = 81;

type Finish = (answer: Answer, error: unknown) => void;

function streamReading(finish: Finish, observer: ResponseObserver): Reading {
  const answer = emptyAnswer();
  observer.onReading(answer);
  const scanner = createSseScanner({
    onEvent(event) {
      readEvent(answer, event);
      if ((event as { type?: unknown } | null)?.type === 'message_stop' && answer.complete)
        finish(answer, null);
    },
    onDelta(bytes) {
      answer.outputBegan = true;
      answer.deltaBytes += Math.max(0, bytes - DELTA_ENVELOPE_BYTES);
    },
  });
  return {
    chunk(bytes) {
      observer.onBytes();
      scanner.feed(bytes);
    },
    ended() {
      scanner.end();
      finish(answer, null);
    },
    broken: (error) => finish(answer, error),
    value: () => finish(answer, null),
  };
}

function jsonReading(finish: Finish, observer: ResponseObserver): Reading {
  const answer = emptyAnswer();
  observer.onReading(answer);
  const decoder = new TextDecoder();
  let text = '';
  return {
    chunk(bytes) {
      observer.onBytes();
      text += decoder.decode(bytes, { stream: true });
    },
    ended() {
      readBody(answer, parsedOrNull(text + decoder.decode()));
      finish(answer, null);
    },
    broken: (error) => finish(answer, error),
    value(body) {
      readBody(answer, body);
      finish(answer, null);
    },
  };
}

/** Replaces the ways to read by watched ones, as own properties that shadow the prototype's. Each way starts a reading. */
export function watched(response: Response, start: () => Reading): Response {
  const native = {
    body: () =>
      Reflect.get(
        Object.getPrototypeOf(response) as object,
        'body',
        response,
      ) as ReadableStream<Uint8Array> | null,
    arrayBuffer: response.arrayBuffer.bind(response),
    json: response.json.bind(response),
    clone: response.clone.bind(response),
  };
  if (native.body() === null) {
    start().ended();
    return response;
  }
  let tapped: ReadableStream<Uint8Array> | null = null;
  const body = () => {
    tapped ??= lazyTap(native.body, start);
    return tapped;
  };
  const bytes = async () => {
    // Once the stream itself was taken, only it may be read: the native error says so as it would without us.
    const current = start();
    return whole(native.arrayBuffer(), current, (buffer) => {
      current.chunk(new Uint8Array(buffer));
      current.ended();
    });
  };
  define(response, {
    body: { get: body },
    arrayBuffer: { value: bytes },
    bytes: { value: async () => new Uint8Array(await bytes()) },
    text: { value: async () => new TextDecoder().decode(await bytes()) },
    blob: {
      value: async () => new Blob([await bytes()], { type: response.headers.get('content-type') ?? '' }),
    },
    json: {
      value: async () => {
        const current = start();
        return whole(native.json(), current, (value) => current.value(value));
      },
    },
    clone: { value: () => watched(native.clone(), start) },
  });
  return response;
}

async function whole<Value>(
  read: Promise<Value>,
  reading: Reading,
  onValue: (value: Value) => void,
): Promise<Value> {
  try {
    const value = await read;
    onValue(value);
    return value;
  } catch (error) {
    reading.broken(error);
    throw error;
  }
}

/** A reading begins with the first byte asked for: a body that is only looked at (`response.body?.locked`) is not one. */
function lazyTap(
  nativeBody: () => ReadableStream<Uint8Array> | null,
  start: () => Reading,
): ReadableStream<Uint8Array> {
  let reading: Reading | null = null;
  const current = () => {
    reading ??= start();
    return reading;
  };
  return tapStream(
    () => {
      const source = nativeBody();
      if (source === null) throw new TypeError('The response has no body.');
      current();
      return source;
    },
    {
      chunk: (bytes) => current().chunk(bytes),
      ended: () => current().ended(),
      broken: (error) => current().broken(error),
    },
  );
}

function define(target: Response, properties: PropertyDescriptorMap): void {
  for (const [name, descriptor] of Object.entries(properties)) {
    Object.defineProperty(target, name, { configurable: true, ...descriptor });
  }
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
