import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idWords } from './id-words.ts';

test('the words of a UUID are its 128 bits', () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
      expect(idWords(id)).toEqual([0, 4, 8, 12].map((at) => bytes.readInt32BE(at)));
    }),
  );
});

test('an id of another form, however like a UUID, has words of its own', () => {
  const id = randomUUID();
  const others = [
    id.toUpperCase(),
    ` ${id.slice(1)}`,
    id.replaceAll('-', 'a'),
    `${id.slice(0, 8)}a${id.slice(9)}`,
  ];
  const words = [id, id.slice(1), `${id}0`, '', ...others].map((each) => idWords(each).join());
  expect(new Set(words).size).toBe(words.length);
});
