import { crc32 } from 'node:zlib';
import type { StreamFraming } from './metered-fixtures.ts';

/** How Bedrock frames the events of a stream: prelude, checksum, headers, payload, checksum. */
export const eventStreamFraming: StreamFraming = {
  contentType: 'application/vnd.amazon.eventstream',
  encode(event) {
    const bytes = Buffer.from(JSON.stringify(event)).toString('base64');
    return frame(
      { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' },
      { bytes },
    );
  },
};

const STRING_HEADER = 7;
/** Two lengths, a checksum over them, and a checksum over all that came before. */
const FIXED_BYTES = 16;

function frame(headers: Record<string, string>, payload: object): Uint8Array {
  const named = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.concat([uint32(FIXED_BYTES + named.length + body.length), uint32(named.length)]);
  const signed = Buffer.concat([prelude, uint32(crc32(prelude)), named, body]);
  return Buffer.concat([signed, uint32(crc32(signed))]);
}

function header(name: string, value: string): Buffer {
  const valueLength = Buffer.alloc(2);
  valueLength.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([
    Buffer.from([Buffer.byteLength(name)]),
    Buffer.from(name),
    Buffer.from([STRING_HEADER]),
    valueLength,
    Buffer.from(value),
  ]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
