import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseScanner } from './sse-scanner.ts';

const START =
  '{"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":7,"output_tokens":1}}}';
const DELTA =
  '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"grüße 👋 \\"usage\\""}}';
const END = '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":42}}';

function scan(text: string, cuts: number[] = []) {
  const events: unknown[] = [];
  let deltas = 0;
  const scanner = createSseScanner({ onEvent: (event) => events.push(event), onDelta: () => (deltas += 1) });
  const bytes = new TextEncoder().encode(text);
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  for (const [index, edge] of edges.entries()) {
    const next = edges[index + 1];
    if (next !== undefined) scanner.feed(bytes.slice(edge, next));
  }
  scanner.end();
  return { events, deltas };
}

function stream(newline: string): string {
  return [
    `event: message_start${newline}data: ${START}${newline}`,
    `event: ping${newline}data: {"type": "ping"}${newline}`,
    `event: content_block_delta${newline}data: ${DELTA}${newline}`,
    `event: message_delta${newline}data: ${END}   ${newline}`,
    `event: message_stop${newline}data: {"type":"message_stop"}${newline}`,
  ].join(newline);
}

describe('scanning a stream for usage', () => {
  const expected = { events: [JSON.parse(START), JSON.parse(END), { type: 'message_stop' }], deltas: 1 };

  it.each([
    ['line feeds', '\n'],
    ['CRLF', '\r\n'],
    ['bare carriage returns', '\r'],
  ])('finds the same events with %s', (_name, newline) => {
    expect(scan(`${stream(newline)}${newline}`)).toEqual(expected);
  });

  it('finds the same events wherever the bytes are cut, inside characters and line ends too', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('\n', '\r\n'),
        fc.array(fc.nat(2000), { maxLength: 60 }),
        (newline, cuts) => {
          expect(scan(`${stream(newline)}${newline}`, cuts)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds a last event whose blank line is missing', () => {
    expect(scan(`event: message_delta\ndata: ${END}`).events).toEqual([JSON.parse(END)]);
  });

  it('passes by [DONE], comments, torn JSON and empty events without an error', () => {
    expect(scan('data: [DONE]\n\n: comment\n\nevent: message_delta\ndata: {"torn\n\n\n\n').events).toEqual(
      [],
    );
  });

  it('reads events that carry no event line, and still only counts their deltas', () => {
    expect(scan(`data: ${START}\n\ndata: ${DELTA}\n\n`)).toEqual({ events: [JSON.parse(START)], deltas: 1 });
  });

  it('notes a huge content block without decoding it', () => {
    const block = `{"type":"content_block_start","content_block":{"text":"${'x'.repeat(10_000)}"}}`;
    expect(scan(`event: content_block_start\ndata: ${block}\n\n`).events).toEqual([
      { type: 'content_block_start' },
    ]);
  });
});
