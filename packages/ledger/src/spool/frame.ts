/**
 * The unit of the spool: magic, length, CRC-32, payload. A frame is whole or it is damage; what lies between two whole frames
 * can be told apart and set aside, so one bad byte costs one record and never the file.
 *
 *     offset 0   4 bytes  f5 'T' 'G' 'F'   (f5 never occurs in UTF-8, so a payload cannot contain it)
 *     offset 4   4 bytes  length of the payload, big-endian
 *     offset 8   4 bytes  CRC-32 of the length's bytes and the payload, big-endian
 *     offset 12  payload  UTF-8 text
 */
import { crc32 } from 'node:zlib';

const MAGIC = Buffer.from([0xf5, 0x54, 0x47, 0x46]);
const HEAD_BYTES = 12;

export interface ByteRange {
  start: number;
  /** Exclusive. */
  end: number;
}

export interface FrameScan {
  /** The payload lies in the bytes that were scanned: it is no copy. */
  frames: { range: ByteRange; payload: Buffer }[];
  /** Ranges that are no frame, in order. */
  damage: ByteRange[];
}

export function encodeFrame(payload: string): Buffer {
  const length = Buffer.byteLength(payload);
  const frame = Buffer.allocUnsafe(HEAD_BYTES + length);
  MAGIC.copy(frame);
  frame.writeUInt32BE(length, 4);
  frame.write(payload, HEAD_BYTES);
  frame.writeUInt32BE(checksumOf(frame), 8);
  return frame;
}

/** Reads every whole frame, whatever lies between them. Never throws, always ends. */
export function scanFrames(bytes: Buffer): FrameScan {
  const scan: FrameScan = { frames: [], damage: [] };
  let offset = 0;
  while (offset < bytes.length) {
    const frame = frameAt(bytes, offset);
    if (frame !== null) {
      const range = { start: offset, end: offset + frame.length };
      scan.frames.push({ range, payload: frame.subarray(HEAD_BYTES) });
      offset = range.end;
      continue;
    }
    const next = bytes.indexOf(MAGIC, offset + 1);
    const end = next === -1 ? bytes.length : next;
    scan.damage.push({ start: offset, end });
    offset = end;
  }
  return { frames: scan.frames, damage: joined(scan.damage) };
}

function frameAt(bytes: Buffer, offset: number): Buffer | null {
  if (offset + HEAD_BYTES > bytes.length) return null;
  if (bytes.compare(MAGIC, 0, MAGIC.length, offset, offset + MAGIC.length) !== 0) return null;
  const end = offset + HEAD_BYTES + bytes.readUInt32BE(offset + 4);
  if (end > bytes.length) return null;
  const frame = bytes.subarray(offset, end);
  return frame.readUInt32BE(8) === checksumOf(frame) ? frame : null;
}

/** The length is covered too: a flipped bit there must not make a shorter, valid frame. */
function checksumOf(frame: Buffer): number {
  return crc32(frame.subarray(HEAD_BYTES), crc32(frame.subarray(4, 8)));
}

function joined(ranges: ByteRange[]): ByteRange[] {
  const result: ByteRange[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last?.end === range.start) last.end = range.end;
    else result.push({ ...range });
  }
  return result;
}
