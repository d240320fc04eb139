import { createLineReader } from './line-reader.ts';

const LINE_FEED = 10;
/** Longer starts of content blocks are search results and documents; only a fallback marker among them matters, and it is short. */
const BLOCK_START_BYTES_MAX = 4_096;

/** One for all: lines are decoded whole, so that it keeps nothing from one to the next. */
const decoder = new TextDecoder();

const DATA_FIELD = ascii('data:');
const EVENT_FIELD = ascii('event:');
const DELTA_EVENT = ascii('event: content_block_delta');
const DELTA_UP_TO_DATA = ascii('event: content_block_delta\ndata:');

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
 * recognised by the bytes of their `event:` line and only counted: decoding them as well would double the cost of reading
 * the stream. Most of them come alone in their chunk, which is then not even cut into lines.
 */
export function createSseScanner(listener: SseListener): SseScanner {
  let eventName = '';
  let data: string[] = [];

  const lines = createLineReader((bytes, start, end) => {
    if (end === start) {
      dispatch();
    } else if (end - start === DELTA_EVENT.length && beginsWith(bytes, start, DELTA_EVENT)) {
      eventName = 'content_block_delta';
    } else if (beginsWith(bytes, start, DATA_FIELD)) {
      takeData(bytes, start + DATA_FIELD.length, end);
    } else if (beginsWith(bytes, start, EVENT_FIELD)) {
      eventName = decoder.decode(bytes.subarray(start + EVENT_FIELD.length, end)).trim();
    }
  });

  function takeData(bytes: Uint8Array, start: number, end: number): void {
    if (eventName === 'content_block_delta') {
      listener.onDelta(end - start);
    } else if (eventName === 'content_block_start' && end - start > BLOCK_START_BYTES_MAX) {
      data.push('{"type":"content_block_start"}');
    } else if (eventName !== 'ping' && eventName !== 'content_block_stop') {
      data.push(decoder.decode(bytes.subarray(start, end)));
    }
  }

  function dispatch(): void {
    const name = eventName;
    eventName = '';
    if (data.length === 0) return;
    const text = data.join('\n').trim();
    data = [];
    const event = text === '' || text === '[DONE]' ? undefined : parsed(text);
    if (event === undefined) return;
    const isUnnamedDelta =
      name === '' && (event as { type?: unknown } | null)?.type === 'content_block_delta';
    if (isUnnamedDelta) listener.onDelta(text.length);
    else listener.onEvent(event);
  }

  function feed(chunk: Uint8Array): void {
    const isBetweenEvents = eventName === '' && data.length === 0 && lines.isBetweenLines();
    if (isBetweenEvents && isOneDelta(chunk))
      listener.onDelta(chunk.length - DELTA_UP_TO_DATA.length - BLANK_LINE_BYTES);
    else lines.feed(chunk);
  }

  return {
    feed,
    end() {
      lines.end();
      dispatch();
    },
  };
}

/** The line feeds that end a data line and its event. */
const BLANK_LINE_BYTES = 2;

function isOneDelta(chunk: Uint8Array): boolean {
  const { length } = chunk;
  return (
    chunk[length - 1] === LINE_FEED &&
    beginsWith(chunk, 0, DELTA_UP_TO_DATA) &&
    chunk.indexOf(LINE_FEED, DELTA_UP_TO_DATA.length) === length - BLANK_LINE_BYTES
  );
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function beginsWith(bytes: Uint8Array, start: number, prefix: Uint8Array): boolean {
  if (bytes.length - start < prefix.length) return false;
  for (let index = 0; index < prefix.length; index += 1) {
    if (bytes[start + index] !== prefix[index]) return false;
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
