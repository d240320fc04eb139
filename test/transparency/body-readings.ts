import { Readable } from 'node:stream';
import type { Note } from './observe.ts';

/** Every way to read the body of a response, as an application may. */
export type ReadBody = (response: Response, note: Note) => Promise<void>;

/** What a response tells without being read. */
export function look(response: Response, note: Note, when: string): void {
  const { status, statusText, ok, url, type, redirected, headers, bodyUsed, body } = response;
  note(when, { status, statusText, ok, url, type, redirected, headers, bodyUsed, locked: body?.locked });
}

/** Notes the value or the error of one step, and goes on. */
export async function attempt(note: Note, what: string, step: () => unknown): Promise<void> {
  try {
    note(what, await step());
  } catch (error) {
    note(`${what} threw`, error);
  }
}

type Whole = 'text' | 'json' | 'arrayBuffer' | 'bytes' | 'blob' | 'formData';

const WHOLE: readonly Whole[] = ['text', 'json', 'arrayBuffer', 'bytes', 'blob', 'formData'];

async function readWhole(response: Response, way: Whole): Promise<unknown> {
  const value: unknown = await (response[way as 'text'] as () => Promise<unknown>)();
  return value instanceof Blob ? [value.size, await value.text()] : value;
}

const whole =
  (way: Whole): ReadBody =>
  async (response, note) => {
    look(response, note, 'before');
    const reading = readWhole(response, way);
    note('used at once', response.bodyUsed);
    await attempt(note, way, () => reading);
    look(response, note, 'after');
    await attempt(note, 'again', () => readWhole(response, way));
    await attempt(note, 'cloned', () => response.clone());
  };

async function drain(stream: ReadableStream, note: Note, what: string): Promise<void> {
  const reader = stream.getReader();
  await attempt(note, `${what} ended`, async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return value;
      note(what, value);
    }
  });
  await attempt(note, `${what} closed`, () => reader.closed);
  reader.releaseLock();
}

const byReader: ReadBody = async (response, note) => {
  const { body } = response;
  if (body === null) return note('body', body);
  await drain(body, note, 'chunk');
  look(response, note, 'after');
  await attempt(note, 'text', () => response.text());
  note('the same body', response.body === body);
};

const byOwnBuffer =
  (byteLength: number): ReadBody =>
  async (response, note) => {
    const reader = response.body?.getReader({ mode: 'byob' });
    if (!reader) return note('body', response.body);
    let buffer = new ArrayBuffer(byteLength);
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      note('view', [done, value?.slice(), value?.buffer.byteLength]);
      if (done || !value) break;
      buffer = value.buffer as ArrayBuffer;
    }
    await attempt(note, 'closed', () => reader.closed);
    reader.releaseLock();
    look(response, note, 'after');
  };

const byIteration: ReadBody = async (response, note) => {
  for await (const chunk of response.body ?? []) {
    note('chunk', chunk);
    note('used', response.bodyUsed);
  }
  look(response, note, 'after');
  for await (const chunk of response.body ?? []) note('chunk after the end', chunk);
};

const leaving =
  (preventCancel: boolean): ReadBody =>
  async (response, note) => {
    for await (const chunk of response.body?.values({ preventCancel }) ?? []) {
      note('first', chunk);
      break;
    }
    look(response, note, 'left');
    if (response.body) await drain(response.body, note, 'rest');
  };

const cloned =
  (first: 'original' | 'clone'): ReadBody =>
  async (response, note) => {
    const clone = response.clone();
    look(response, note, 'original');
    look(clone, note, 'clone');
    const [one, other] = first === 'original' ? [response, clone] : [clone, response];
    await attempt(note, 'one', () => one.text());
    if (other.body) await drain(other.body, note, 'other');
    look(response, note, 'original after');
    look(clone, note, 'clone after');
  };

const clonedAndLeft: ReadBody = async (response, note) => {
  const clone = response.clone();
  // Resolves only when the other side is over, too.
  const left = attempt(note, 'clone left', () => clone.body?.cancel('not needed'));
  await attempt(note, 'original', () => response.text());
  await response.body?.cancel('nor this').catch(() => undefined);
  await Promise.race([left, new Promise(setImmediate)]);
};

const clonedTwice: ReadBody = async (response, note) => {
  const clone = response.clone();
  const texts = [response, clone, clone.clone()].map((each) => each.text());
  await attempt(note, 'texts', () => Promise.all(texts));
};

const teed: ReadBody = async (response, note) => {
  const [left, right] = response.body?.tee() ?? [];
  look(response, note, 'teed');
  if (left) await drain(left, note, 'left');
  if (right) await drain(right, note, 'right');
};

const teedAndLeft: ReadBody = async (response, note) => {
  const [left, right] = response.body?.tee() ?? [];
  if (left) await left.getReader().read();
  await attempt(note, 'cancelled', () => Promise.all([left?.cancel('l'), right?.cancel('r')]));
};

const piped: ReadBody = async (response, note) => {
  const sink = new WritableStream<Uint8Array>({
    write: (chunk) => (chunk.length > 0 ? note('written', chunk) : undefined),
    close: () => note('closed', null),
    abort: (reason) => note('aborted', reason),
  });
  await attempt(note, 'piped', () => response.body?.pipeTo(sink));
  note('used', response.bodyUsed);
};

const pipedThrough: ReadBody = async (response, note) => {
  const text = response.body?.pipeThrough(new TextDecoderStream());
  if (text) await drain(text, note, 'text');
};

const asNodeStream: ReadBody = async (response, note) => {
  if (!response.body) return;
  for await (const chunk of Readable.fromWeb(response.body as never)) note('chunk', chunk);
  look(response, note, 'after');
};

const wrappedAgain: ReadBody = async (response, note) => {
  const again = new Response(response.body, response);
  look(again, note, 'again');
  await attempt(note, 'text', () => again.text());
  look(response, note, 'after');
};

const cancelled: ReadBody = async (response, note) => {
  const reader = response.body?.getReader();
  if (!reader) return;
  note('first', await reader.read());
  await attempt(note, 'cancelled', () => reader.cancel(new Error('not needed any more')));
  await attempt(note, 'read on', () => reader.read());
  reader.releaseLock();
  look(response, note, 'after');
  await attempt(note, 'text', () => response.text());
};

const cancelledUnread: ReadBody = async (response, note) => {
  await attempt(note, 'cancelled', () => response.body?.cancel('never wanted'));
  look(response, note, 'after');
  await attempt(note, 'text', () => response.text());
};

const lockedFirst: ReadBody = async (response, note) => {
  const reader = response.body?.getReader();
  look(response, note, 'locked');
  await attempt(note, 'text', () => response.text());
  await attempt(note, 'clone', () => response.clone().text());
  await attempt(note, 'second reader', () => response.body?.getReader());
  note('chunk', await reader?.read());
  reader?.releaseLock();
  await attempt(note, 'json', () => response.json());
};

const printed: ReadBody = async (response, note) => {
  const keys = Object.keys(response);
  const inBody = response.body && Object.keys(response.body);
  note('names that enumerate', [keys, inBody, JSON.stringify(response)]);
  note('is a response', [response instanceof Response, String(response), String(response.body)]);
  await attempt(note, 'text', () => response.text());
};

export const BODY_READINGS: readonly (readonly [name: string, read: ReadBody])[] = [
  ...WHOLE.map((way) => [`${way}()`, whole(way)] as const),
  ['a reader', byReader],
  ['a reader with a small buffer', byOwnBuffer(61)],
  ['a reader with a large buffer', byOwnBuffer(65_536)],
  ['iteration', byIteration],
  ['iteration left early', leaving(false)],
  ['iteration paused, and a reader', leaving(true)],
  ['a clone, after the original', cloned('original')],
  ['a clone, before the original', cloned('clone')],
  ['a clone that is left', clonedAndLeft],
  ['clones of clones, at once', clonedTwice],
  ['tee', teed],
  ['tee, left on both sides', teedAndLeft],
  ['pipeTo', piped],
  ['pipeThrough', pipedThrough],
  ['a node stream', asNodeStream],
  ['a response made of its body', wrappedAgain],
  ['a reader that cancels', cancelled],
  ['cancelling unread', cancelledUnread],
  ['a reader that holds the lock', lockedFirst],
  ['looking at it', printed],
];
