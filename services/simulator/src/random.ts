import { createHash } from 'node:crypto';

/** Numbers that look random and repeat exactly for the same seed text. Nothing here is fit for secrets. */
export interface Random {
  /** An integer in [low, high]. */
  integer(low: number, high: number): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
}

export function createRandom(seedText: string): Random {
  let state = createHash('sha256').update(seedText).digest().readUInt32LE(0);
  // Mulberry32: small, uniform enough for lengths and words, and the same on every platform.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return { integer, pick: (choices) => choices[integer(0, choices.length - 1)] ?? choices[0] };
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** "msg_01…": the provider's form of an id, always the same for the same source text. */
export function identifier(prefix: string, sourceText: string): string {
  const digest = createHash('sha256').update(`${prefix}:${sourceText}`).digest();
  const letters = Array.from(digest.subarray(0, 22), (byte) => BASE58[byte % BASE58.length]);
  return `${prefix}_01${letters.join('')}`;
}

/** A version 4 UUID made from the text: the form of organization ids. */
export function uuidFrom(sourceText: string): string {
  const hex = createHash('sha256').update(sourceText).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
