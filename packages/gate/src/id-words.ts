import { createHash } from 'node:crypto';

/** An id in four words of 32 bits, which is what a table of numbers can hold. */
export type IdWords = readonly [number, number, number, number];

/** The 128 bits of a UUID; as many of a digest for an id of any other form, so that no two ids share their words. */
export function idWords(attemptId: string): IdWords {
  return wordsOfUuid(attemptId) ?? wordsOfDigest(attemptId);
}

const UUID_FORM = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx';
const DASH = '-'.charCodeAt(0);

/** Null for what is no UUID in small letters. Digit by digit: every attempt is looked up twice. */
function wordsOfUuid(id: string): IdWords | null {
  if (id.length !== UUID_FORM.length) return null;
  const words: [number, number, number, number] = [0, 0, 0, 0];
  let digits = 0;
  for (let at = 0; at < id.length; at += 1) {
    const code = id.charCodeAt(at);
    if (UUID_FORM.charCodeAt(at) === DASH) {
      if (code !== DASH) return null;
      continue;
    }
    const digit = digitOf(code);
    if (digit === -1) return null;
    const word = (digits >> 3) as 0 | 1 | 2 | 3;
    words[word] = (words[word] << 4) | digit;
    digits += 1;
  }
  return words;
}

/** Of a hexadecimal digit's character code; -1 for any other. */
function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}

function wordsOfDigest(attemptId: string): IdWords {
  const digest = createHash('sha256').update(`attempt:${attemptId}`).digest();
  return [digest.readInt32BE(0), digest.readInt32BE(4), digest.readInt32BE(8), digest.readInt32BE(12)];
}
