import type { Meter } from '@tallygate/meter';
import { type ByteSource, byteSource, type Delivery } from './byte-source.ts';
import { type Access, type Door, openDoor } from './doors.ts';
import type { Exchange } from './exchanges.ts';

/** Writes down one thing that the caller saw. */
export type Note = (what: string, value: unknown) => void;

/** What a caller does with an exchange, and what of it can be seen. */
export interface Scene extends Access {
  exchange: Exchange;
  source: ByteSource;
  /** The signal that the caller gives along with the request. */
  signal: AbortSignal;
  note: Note;
}

/** One way to read an answer. What it throws is noted. */
export interface Reading {
  name: string;
  read(scene: Scene): Promise<void>;
}

/** What the caller saw, in order, and what reached the source of the body. */
export interface Observation {
  seen: [what: string, value: unknown][];
  source: unknown[];
}

/** Somebody who reads one exchange after the other, always by the same door. */
export type Caller = (reading: Reading, exchange: Exchange, delivery: Delivery) => Promise<Observation>;

export function callerBy(door: Door, meter: Meter): Caller {
  let answer: typeof fetch = fetch;
  const access = openDoor(door, meter, { fetch: (...given) => answer(...given) });
  return async (reading, exchange, delivery) => {
    const seen: Observation['seen'] = [];
    const note: Note = (what, value) => void seen.push([what, value]);
    const controller = new AbortController();
    const source = byteSource(delivery, (times) => {
      if (times === delivery.abortAt) controller.abort();
    });
    answer = answering(exchange, source);
    const scene = { ...access, exchange, source, signal: controller.signal, note };
    await reading.read(scene).catch((error: unknown) => note('threw', error));
    return { seen, source: source.log };
  };
}

/** One exchange, by a caller of its own. */
export function observe(
  reading: Reading,
  exchange: Exchange,
  delivery: Delivery,
  [door, meter]: [Door, Meter],
): Promise<Observation> {
  return callerBy(door, meter)(reading, exchange, delivery);
}

/** A `fetch` that answers with the exchange, and breaks the body off when its signal fires, as the platform's does. */
function answering({ status, headers }: Exchange, source: ByteSource): typeof fetch {
  return async (_input, init) => {
    const signal = init?.signal;
    signal?.throwIfAborted();
    signal?.addEventListener('abort', () => source.abort(signal.reason), { once: true });
    return new Response(source.stream, { status, headers });
  };
}
