import { createHash } from 'node:crypto';
import { createUuidV7Sequence } from './uuid-v7.ts';

const newUuid = createUuidV7Sequence(Date.now);

/** Attempt id = event id = hold id: a UUIDv7, made before anything else happens, so that every later step is idempotent by it. */
export function newAttemptId(): string {
  return newUuid();
}

/** Groups the attempts of one call. */
export function newCallId(): string {
  return newUuid();
}

export function newDenialId(): string {
  return newUuid();
}

export function newOverrideId(): string {
  return newUuid();
}

export function newReportId(): string {
  return newUuid();
}

export function newFinanceRecordId(): string {
  return newUuid();
}

/**
 * The id of something that a source names itself, as a batch item or an imported row: the same source and key give the same id
 * in every process, so that reading twice counts once. Not reversible, but a guessed key can be confirmed.
 */
export function derivedEventId(source: string, key: string): string {
  // The length keeps ("a", "bc") and ("ab", "c") apart, whatever the texts contain.
  return uuidFromSha256(`${Buffer.byteLength(source)}:${source}${key}`);
}

/** RFC 9562, UUIDv8: the first 128 bits of the digest, with version and variant in their places. */
export function uuidFromSha256(content: string | Uint8Array): string {
  const bytes = createHash('sha256').update(content).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
