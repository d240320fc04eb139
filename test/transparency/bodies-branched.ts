import { Readable } from 'node:stream';
import { attempt, drain, look, type ReadBody } from './look.ts';

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

const cloneAlone: ReadBody = async (response, note) => {
  await attempt(note, 'clone', () => response.clone().text());
  look(response, note, 'original');
};

export const BRANCHED: readonly (readonly [name: string, read: ReadBody])[] = [
  ['a clone, after the original', cloned('original')],
  ['a clone, before the original', cloned('clone')],
  ['a clone instead of the original', cloneAlone],
  ['a clone that is left', clonedAndLeft],
  ['clones of clones, at once', clonedTwice],
  ['tee', teed],
  ['tee, left on both sides', teedAndLeft],
  ['pipeTo', piped],
  ['pipeThrough', pipedThrough],
  ['a node stream', asNodeStream],
  ['a response made of its body', wrappedAgain],
];
