import { describe, expect, it } from 'vitest';
import { imageTokens } from './estimate-image.ts';
import { promptSizeOf, promptTokensOf } from './estimate-prompt.ts';

const NEWER = 'claude-haiku-5-5';
const OLDER = 'claude-haiku-4-5';

function tokensOf(body: Record<string, unknown>, model = NEWER): number {
  return promptTokensOf(promptSizeOf(JSON.stringify(body), body), model);
}

/** Beyond what the bytes of the request itself come to. */
function besideBytes(body: Record<string, unknown>, model = NEWER): number {
  const bytes = Buffer.byteLength(JSON.stringify(body, (key, value) => (key === 'data' ? '' : value)));
  return tokensOf(body, model) - Math.ceil(bytes / (model === NEWER ? 2.1 : 2.7));
}

const saying = (...content: unknown[]) => ({ messages: [{ role: 'user', content }] });
const image = (data: string) => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data },
});
const pdf = (data: string) => ({
  type: 'document',
  source: { type: 'base64', media_type: 'application/pdf', data },
});
const at = (type: string) => ({ type, source: { type: 'url', url: 'https://example.com/x' } });

function png(width: number, height: number): string {
  const header = Buffer.alloc(33);
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(header);
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return header.toString('base64');
}

function jpeg(width: number, height: number, previewBytes = 20): string {
  const preview = Buffer.alloc(previewBytes + 4);
  preview.writeUInt16BE(0xffe1);
  preview.writeUInt16BE(previewBytes + 2, 2);
  const frame = Buffer.from('ffc20011080000000003012200021101031101', 'hex');
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  return Buffer.concat([Buffer.from('ffd8', 'hex'), preview, frame]).toString('base64');
}

describe('the estimate of a prompt', () => {
  it('counts more tokens for the same text by the newer tokenizer, and by a model that nobody knows', () => {
    const body = saying({ type: 'text', text: 'word '.repeat(5_000) });
    expect(tokensOf(body, NEWER)).toBeGreaterThan(25_000 / 2.5);
    expect(tokensOf(body, NEWER) / tokensOf(body, OLDER)).toBeCloseTo(2.7 / 2.1, 2);
    expect(tokensOf(body, 'claude-next-6')).toBe(tokensOf(body, NEWER));
    expect(tokensOf(body, 'global.anthropic.claude-haiku-4-5-20251001-v1:0')).toBe(tokensOf(body, OLDER));
  });

  it('takes an image by its size, and at most for what the provider scales it down to', () => {
    expect(besideBytes(saying(image(png(280, 140))))).toBeLessThan(100);
    const large = saying(image(png(8_000, 8_000) + 'A'.repeat(3_000_000)));
    expect([besideBytes(large, NEWER), besideBytes(large, OLDER)]).toEqual([4_784, 1_600]);
  });

  it('takes an image of unknown size for the largest, wherever it lies', () => {
    const within = { type: 'tool_result', tool_use_id: 't', content: [image('not an image')] };
    for (const block of [image('not an image'), at('image'), within])
      expect(besideBytes(saying(block), OLDER)).toBe(1_600);
  });

  it('takes a PDF for a page at least, a larger one by its bytes, and one that lies elsewhere for a paper', () => {
    expect(besideBytes(saying(pdf('A'.repeat(4_000))), OLDER)).toBe(4_600);
    expect(besideBytes(saying(pdf('A'.repeat(400_000))), OLDER)).toBe(100_000);
    expect(besideBytes(saying(at('document')))).toBe(125_000);
  });

  it('counts a document of text by its bytes', () => {
    const source = { type: 'text', media_type: 'text/plain', data: 'word '.repeat(1_000) };
    expect(tokensOf(saying({ type: 'document', source }))).toBeGreaterThan(2_000);
  });

  it('is not misled by a prompt that looks like an attachment', () => {
    const text = JSON.stringify(image('A'.repeat(9_000)));
    expect(tokensOf(saying({ type: 'text', text }))).toBeGreaterThan(4_000);
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['tools of the caller', { tools: [{ name: 'mine', input_schema: {} }] }, 700],
    ['tools of the provider', { tools: [{ type: 'memory_20250818', name: 'memory' }] }, 3_700],
    ['servers of tools', { mcp_servers: [{ type: 'url', name: 'x' }] }, 5_700],
    ['skills', { container: { skills: [{ skill_id: 'pdf' }, { skill_id: 'xlsx' }] } }, 6_000],
    ['a format', { output_config: { format: { type: 'json_schema' } } }, 200],
  ])('adds what the provider puts before the prompt for %s', (_what, body, tokens) => {
    expect(besideBytes(body)).toBe(tokens);
  });

  it('takes a conversation that the provider holds for as long as it can be', () => {
    const body = { ...saying({ type: 'text', text: 'go on' }), thread: { type: 'continue' } };
    expect([tokensOf(body, NEWER), tokensOf(body, OLDER)]).toEqual([1_000_000, 200_000]);
    expect(tokensOf({ ...body, thread: { type: 'create' } })).toBeLessThan(100);
  });
});

describe('the size of an image', () => {
  const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
  it.each([
    ['PNG', png(280, 140)],
    ['JPEG behind a preview', jpeg(280, 140, 5_000)],
    ['GIF', base64('47494638396118018c000000')],
    ['WebP, lossy', base64(`52494646000000005745425056503820${'00'.repeat(10)}18018c00`)],
    [
      'WebP, lossless',
      base64(`5249464600000000574542505650384c000000002f${leBits(279, 139)}${'00'.repeat(6)}`),
    ],
    ['WebP, extended', base64(`52494646000000005745425056503858${'00'.repeat(8)}1701008b0000`)],
  ])('is read from a %s', (_form, data) => {
    // 10 by 5 squares, a tenth more, and 20 around it.
    expect(imageTokens(data)).toBe(75);
  });

  it.each([
    ['a header that was cut', 'iVBORw0KGgo'],
    ['a JPEG whose preview is longer than anybody looks', jpeg(280, 140, 60_000)],
    ['nonsense', '/9j/AAAA'],
    ['nothing', ''],
  ])('is not known from %s', (_form, data) => {
    expect(imageTokens(data)).toBeNull();
  });
});

/** Width and height, each less one, in 14 bits. */
function leBits(width: number, height: number): string {
  const bits = Buffer.alloc(4);
  bits.writeUInt32LE(width | (height << 14));
  return bits.toString('hex');
}
