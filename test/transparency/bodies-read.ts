import { attempt, drain, look, type ReadBody } from './look.ts';

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

/** The lock is in the way of whoever has no reader, and of nobody else. */
const lockedCancel: ReadBody = async (response, note) => {
  const reader = response.body?.getReader();
  await attempt(note, 'cancelled', () => response.body?.cancel('not mine'));
  reader?.releaseLock();
  if (response.body) await drain(response.body, note, 'chunk');
};

export const READ: readonly (readonly [name: string, read: ReadBody])[] = [
  ['a reader', byReader],
  ['a reader with a small buffer', byOwnBuffer(61)],
  ['a reader with a large buffer', byOwnBuffer(65_536)],
  ['iteration', byIteration],
  ['iteration left early', leaving(false)],
  ['iteration paused, and a reader', leaving(true)],
  ['a reader that cancels', cancelled],
  ['cancelling unread', cancelledUnread],
  ['cancelling what is locked', lockedCancel],
  ['a reader that holds the lock', lockedFirst],
];
