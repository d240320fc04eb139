import { type Answer, emptyAnswer, readBody, readEvent } from '../answer.ts';
import { createSseScanner } from './sse-scanner.ts';
import type { StreamTap } from './watch-reads.ts';

/** What one reading of the body learns from, whether it sees bytes as they pass or the whole at once. */
export interface Reading extends StreamTap {
  /** The parsed JSON, where the caller asked for it: saves parsing it twice. */
  value(body: unknown): void;
}

/** How a reading reports. `onBytes` is called for each chunk and must be cheap; `finish` counts once, the rest is ignored. */
export interface ReadingReports {
  onReading(answer: Answer): void;
  onBytes(): void;
  finish(answer: Answer, error: unknown): void;
}

const decoder = new TextDecoder();

/** What surrounds the text in a `data:` line: a blank, type, index, delta type, braces. */
const DELTA_ENVELOPE_BYTES = 81;

/** What the request asked for decides where the response names no type, or one that says nothing. */
export function isEventStream({ headers }: Response, expectsStream: boolean): boolean {
  const type = headers.get('content-type') ?? '';
  return type.includes('text/event-stream') || (expectsStream && !type.includes('json'));
}

/** Of a message as server-sent events. It is finished by its last event: an SDK may stop reading there. */
export function streamReading({ onReading, onBytes, finish }: ReadingReports): Reading {
  const answer = emptyAnswer();
  onReading(answer);
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
      onBytes();
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

/** Of a message, or an error, as one JSON document. */
export function jsonReading({ onReading, onBytes, finish }: ReadingReports): Reading {
  const answer = emptyAnswer();
  onReading(answer);
  const chunks: Uint8Array[] = [];

  function over(error: unknown): void {
    readBody(answer, parsedOrNull(decoder.decode(Buffer.concat(chunks))));
    finish(answer, error);
  }

  return {
    chunk(bytes) {
      onBytes();
      chunks.push(bytes.slice());
    },
    ended: () => over(null),
    // What had arrived whole was billed whole, however the connection ended.
    broken: over,
    value(body) {
      readBody(answer, body);
      finish(answer, null);
    },
  };
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
