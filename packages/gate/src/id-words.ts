import { createHash } from 'node:crypto';

/** An id in four words of 32 bits, which is what a table of numbers can hold. */
export type IdWords = readonly [number, number, number, number];

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The 128 bits of a UUID; as many of a digest for an id of any other form, so that no two ids share their words. */
export function idWords(attemptId: string): IdWords {
  const digits = UUID.test(attemptId) ? attemptId.replaceAll('-', '') : digestOf(attemptId);
  const word = (index: number) => Number.parseInt(digits.slice(8 * index, 8 * index + 8), 16) | 0;
  return [word(0), word(1), word(2), word(3)];
}

function digestOf(attemptId: string): string {
  return createHash('sha256').update(`attempt:${attemptId}`).digest('hex');
}
