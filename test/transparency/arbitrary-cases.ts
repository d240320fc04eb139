import fc from 'fast-check';
import type { Delivery } from './byte-source.ts';
import type { Exchange } from './exchanges.ts';
import { LEAVINGS } from './leavings.ts';
import { EVENTS, framed, MADE_UP, streamed } from './made-up.ts';
import type { Reading } from './observe.ts';
import { CLIENT_READINGS, FETCH_READINGS } from './readings.ts';

/** One answer, how it arrives, and how it is read. */
export interface Case {
  exchange: Exchange;
  delivery: Delivery;
  reading: Reading;
  /** What a failure prints of it: bytes by their text, a reading by its name. */
  [fc.toStringMethod](): string;
}

/** Any text: letters of all lengths in UTF-8, halves of pairs, line ends. */
const anyText = fc.string({
  unit: fc.constantFrom('a', 'é', '—', '📄', '\uD83D', '\n', '\r', '"'),
  maxLength: 12,
});

/** A stream whose deltas say anything, in any of the framings that are in use. */
const anyStream: fc.Arbitrary<Exchange> = fc
  .tuple(fc.array(anyText, { maxLength: 8 }), fc.constantFrom('\n', '\r\n', '\r'))
  .map(([texts, newline]) => {
    const deltas = texts.map((text) => ({
      type: 'content_block_delta',
      index: 1,
      delta: { type: 'text_delta', text },
    }));
    return streamed('any stream', framed([...EVENTS.slice(0, 7), ...deltas, ...EVENTS.slice(-6)], newline));
  });

const anyExchange = fc.oneof(fc.constantFrom(...MADE_UP), {
  weight: 2,
  arbitrary: anyStream,
});

const anyLeaving = fc
  .tuple(fc.constantFrom(...LEAVINGS), fc.nat(9))
  .map(([leaving, after]) => leaving(after));

/** A wrapped client meters what goes through it; a metered `fetch` also what goes by no client. */
const READINGS = { wrapped: CLIENT_READINGS, fetch: [...CLIENT_READINGS, ...FETCH_READINGS] };

const ERRORS: readonly (() => unknown)[] = [
  () => new TypeError('terminated', { cause: new Error('other side closed') }),
  () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  () => new DOMException('This operation was aborted', 'AbortError'),
  () => 'a string',
  () => undefined,
];

const anyEnding: fc.Arbitrary<Delivery['ending']> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'end' as const }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(...ERRORS).map((make) => ({ kind: 'fail' as const, error: make() })),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'silence' as const }) },
);

interface Cutting {
  stream: Delivery['stream'];
  /** Where the bytes are cut, as parts of the whole. */
  cuts: number[];
  /** How much of them arrives. */
  kept: number;
  ending: Delivery['ending'];
  abortAt: number | null;
}

/** Evenly spread, unlike the platform's floats. */
const anyPart = fc.integer({ min: 0, max: 9_999 }).map((part) => part / 9_999);

const anyCutting: fc.Arbitrary<Cutting> = fc.record({
  stream: fc.constantFrom('bytes', 'plain'),
  cuts: fc.array(anyPart, { maxLength: 24, size: 'max' }),
  kept: fc.oneof(fc.constant(1), anyPart),
  ending: anyEnding,
  abortAt: fc.option(fc.integer({ min: 1, max: 12 }), { freq: 2 }),
});

function delivered(bytes: Uint8Array, { stream, cuts, kept, ending, abortAt }: Cutting): Delivery {
  const length = ending.kind === 'end' ? bytes.length : Math.floor(bytes.length * kept);
  const inner = cuts.map((cut) => Math.floor(cut * length)).filter((at) => at > 0 && at < length);
  // A plain stream may give empty chunks: two cuts at one place.
  const sorted = [0, ...inner, ...inner.slice(0, 2), length].sort((left, right) => left - right);
  const edges = stream === 'plain' ? sorted : [...new Set(sorted)];
  const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
  // Somebody has to end a silence.
  const isAborted = abortAt !== null || ending.kind === 'silence';
  return {
    chunks,
    ending,
    stream,
    abortAt: isAborted ? Math.min(abortAt ?? 99, chunks.length + 1) : null,
  };
}

function inWords(exchange: Exchange, { chunks, ending, abortAt }: Delivery, reading: Reading): string {
  const texts = chunks.map((chunk) => Buffer.from(chunk).toString());
  return `${exchange.id}, ${reading.name}, ${JSON.stringify({ texts, ending, abortAt }, null, 2)}`;
}

/** Where the platform reads a plain stream ahead, a metered one is read as it is asked for: less is seen of its failures. */
const READ_AHEAD = /tee|clone/;

export function anyCase(door: 'wrapped' | 'fetch'): fc.Arbitrary<Case> {
  const anyReading = fc.oneof(fc.constantFrom(...READINGS[door]), anyLeaving);
  return fc.tuple(anyExchange, anyCutting, anyReading).map(([exchange, cutting, reading]) => {
    const delivery = delivered(
      exchange.bytes,
      READ_AHEAD.test(reading.name) ? { ...cutting, stream: 'bytes' } : cutting,
    );
    return { exchange, delivery, reading, [fc.toStringMethod]: () => inWords(exchange, delivery, reading) };
  });
}
