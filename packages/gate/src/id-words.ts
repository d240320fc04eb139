import { createHash } from 'node:crypto';

/** An id in four words of 32 bits, which is what a table of numbers can hold. */
export type IdWords = readonly [number, number, number, number];

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The 128 bits of a UUID; as many of a digest for an id of any other form, so that no two ids share their words. */
export function idWords(attemptId: string): IdWords {
  const id = UUID.test(attemptId) ? attemptId : digestAsUuid(attemptId);
  const bits = (start: number, end: number) => Number.parseInt(id.slice(start, end), 16);
  return [
    bits(0, 8) | 0,
    (bits(9, 13) << 16) | bits(14, 18),
    (bits(19, 23) << 16) | bits(24, 28),
    bits(28, 36) | 0,
  ];
}

function digestAsUuid(attemptId: string): string {
  const hex = createHash('sha256').update(`attempt:${attemptId}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
