const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const DATA_PREFIX = 'data:';
const EVENT_PREFIX = 'event:';
/** Longer starts of content blocks are search results and documents; only a fallback marker among them matters, and it is short. */
const BLOCK_START_BYTES_MAX = 4_096;

export interface SseScanner {
  /** Looks at bytes that pass by, cut anywhere. Never keeps more than one unfinished line. */
  feed(chunk: Uint8Array): void;
  /** The stream is over: a last event without its blank line still counts. */
  end(): void;
}

export interface SseListener {
  /** A decoded event that can carry usage, a stop reason or an error. */
  onEvent(event: unknown): void;
  /** A content delta of so many bytes passed; it is not decoded. */
  onDelta(bytes: number): void;
}

/**
 * Finds the few events of a message stream that matter for billing. Content deltas, which are nearly all of a stream, are
 * recognised by their `event:` line and only counted: decoding them as well would double the cost of reading the stream.
 */
export function createSseScanner(listener: SseListener): SseScanner {
  const decoder = new TextDecoder();
  let unfinished: Uint8Array[] = [];
  let eventName = '';
  let data: string[] = [];

  function feed(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      takeLine(joined(chunk.subarray(start, end)));
      start = end + 1;
    }
    // The chunk's memory may be handed on and detached after this call, so what is kept is copied.
    if (start < chunk.length) unfinished.push(chunk.slice(start));
  }

  function joined(tail: Uint8Array): Uint8Array {
    if (unfinished.length === 0) return tail;
    const line = Buffer.concat([...unfinished, tail]);
    unfinished = [];
    return line;
  }

  function takeLine(line: Uint8Array): void {
    const length = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
    if (length === 0) {
      dispatch();
    } else if (startsWith(line, EVENT_PREFIX)) {
      eventName = decoder.decode(line.subarray(EVENT_PREFIX.length, length)).trim();
    } else if (startsWith(line, DATA_PREFIX)) {
      takeData(line.subarray(DATA_PREFIX.length, length));
    }
  }

  function takeData(bytes: Uint8Array): void {
    if (eventName === 'content_block_delta') listener.onDelta(bytes.length);
    else if (eventName === 'content_block_start' && bytes.length > BLOCK_START_BYTES_MAX)
      data.push('{"type":"content_block_start"}');
    else if (eventName !== 'ping' && eventName !== 'content_block_stop') data.push(decoder.decode(bytes));
  }

  function dispatch(): void {
    const text = data.join('\n').trim();
    const name = eventName;
    eventName = '';
    data = [];
    if (text === '' || text === '[DONE]') return;
    const event = parsed(text);
    if (event === undefined) return;
    if (name === '' && (event as { type?: unknown } | null)?.type === 'content_block_delta')
      listener.onDelta(text.length);
    else listener.onEvent(event);
  }

  function end(): void {
    const rest = joined(new Uint8Array(0));
    // Streams with bare carriage returns have no line feed at all: they end up here whole.
    for (const line of decoder.decode(rest).split(/\r\n|\r|\n/)) takeLine(Buffer.from(line));
    dispatch();
  }

  return { feed, end };
}

function startsWith(line: Uint8Array, prefix: string): boolean {
  if (line.length < prefix.length) return false;
  for (let index = 0; index < prefix.length; index += 1) {
    if (line[index] !== prefix.charCodeAt(index)) return false;
  }
  return true;
}

/** Undefined for a torn event: the caller's own reader will complain about it, this one only watches. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
