/**
 * What an image costs by its own header. Base64 is decoded only as far as that goes: an image may be megabytes.
 */

/** The provider looks at squares of this many pixels, each a token (its vision guide, 2026-10; width × height / 750 before that). */
const PIXELS_PER_TOKEN_SIDE = 28;
/** With a tenth more, this covers both of its formulas, and the words that it puts around an image. */
const TOKENS_AROUND = 20;

/** Enough for any header; a JPEG may have a preview picture before its size. */
const HEADER_CHARS = 40;
const JPEG_HEADER_CHARS = 32_768;

/** Before it is scaled down; null where the header does not tell. */
export function imageTokens(base64: string): number | null {
  const size = pngSize(base64) ?? gifSize(base64) ?? webpSize(base64) ?? jpegSize(base64);
  if (size === null) return null;
  const [width, height] = size;
  const squares = Math.ceil(width / PIXELS_PER_TOKEN_SIDE) * Math.ceil(height / PIXELS_PER_TOKEN_SIDE);
  return squares + Math.ceil(squares / 10) + TOKENS_AROUND;
}

type Size = readonly [widthPixels: number, heightPixels: number];

function headerOf(base64: string, chars = HEADER_CHARS): Buffer {
  return Buffer.from(base64.slice(0, chars), 'base64');
}

function pngSize(base64: string): Size | null {
  if (!base64.startsWith('iVBORw0KGgo')) return null;
  const header = headerOf(base64);
  return header.length < 24 ? null : [header.readUInt32BE(16), header.readUInt32BE(20)];
}

function gifSize(base64: string): Size | null {
  if (!base64.startsWith('R0lGOD')) return null;
  const header = headerOf(base64);
  return header.length < 10 ? null : [header.readUInt16LE(6), header.readUInt16LE(8)];
}

/** Three layouts: lossy, lossless, extended. */
function webpSize(base64: string): Size | null {
  if (!base64.startsWith('UklGR')) return null;
  const header = headerOf(base64);
  if (header.length < 30) return null;
  switch (header.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return [header.readUInt16LE(26) & 0x3fff, header.readUInt16LE(28) & 0x3fff];
    case 'VP8L': {
      const bits = header.readUInt32LE(21);
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
    }
    case 'VP8X':
      return [header.readUIntLE(24, 3) + 1, header.readUIntLE(27, 3) + 1];
    default:
      return null;
  }
}

/** The size stands in the first frame header, behind segments of any length. */
function jpegSize(base64: string): Size | null {
  if (!base64.startsWith('/9j/')) return null;
  const header = headerOf(base64, JPEG_HEADER_CHARS);
  for (let at = 2; at + 9 <= header.length; at += 2 + header.readUInt16BE(at + 2)) {
    if (header[at] !== 0xff) return null;
    if (isFrame(header[at + 1] ?? 0)) return [header.readUInt16BE(at + 7), header.readUInt16BE(at + 5)];
  }
  return null;
}

/** Start of frame, of whatever coding; three codes in between mean something else. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
