import { randomFillSync } from 'node:crypto';

/** What the counter holds. A process that makes more ids in one millisecond borrows from the next. */
const IDS_PER_MS = 0x1000;
/** Drawn at once: one draw per id would cost a system call each. */
const RANDOM_BYTES = 4_096;
const RANDOM_BYTES_PER_ID = 8;
const DIGITS = Buffer.from('0123456789abcdef', 'latin1');
const VERSION_7 = 0x7000;
const VARIANT_OF_RFC_9562 = 0x80;
/** Where in the text each random byte is written, two digits each. */
const RANDOM_AT = [19, 21, 24, 26, 28, 30, 32, 34];

/**
 * Makes UUIDv7 as RFC 9562 lays them out (§6.2, method 1): the time, a counter within the millisecond, 62 random bits. Each
 * sorts after all that this sequence made before, also when the clock stands still or steps back.
 *
 * Written digit by digit: a text that is put together of parts takes six times the memory, and is copied once more by the first
 * map that it comes into.
 */
export function createUuidV7Sequence(nowMs: () => number): () => string {
  const text = Buffer.from('00000000-0000-0000-0000-000000000000', 'latin1');
  let lastMs = 0;
  let count = 0;
  return () => {
    const atMs = nowMs();
    count += 1;
    if (atMs > lastMs || count === IDS_PER_MS) {
      lastMs = Math.max(atMs, lastMs + 1);
      writeTime(text, lastMs);
      count = 0;
    }
    writeByte(text, 14, (VERSION_7 | count) >> 8);
    writeByte(text, 16, count & 0xff);
    writeRandom(text);
    return text.toString('latin1');
  };
}

function writeTime(text: Buffer, atMs: number): void {
  const digits = atMs.toString(16).padStart(12, '0');
  text.write(`${digits.slice(0, 8)}-${digits.slice(8)}`, 'latin1');
}

const random = new Uint8Array(RANDOM_BYTES);
let used = random.length;

function writeRandom(text: Buffer): void {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  for (let index = 0; index < RANDOM_BYTES_PER_ID; index += 1) {
    const byte = random[used + index] ?? 0;
    writeByte(text, RANDOM_AT[index] ?? 0, index === 0 ? VARIANT_OF_RFC_9562 | (byte & 0x3f) : byte);
  }
  used += RANDOM_BYTES_PER_ID;
}

function writeByte(text: Buffer, at: number, byte: number): void {
  text[at] = DIGITS[byte >> 4] ?? 0;
  text[at + 1] = DIGITS[byte & 0xf] ?? 0;
}
