import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, scanFrames } from './frame.ts';

const payloads = fc.array(fc.string({ maxLength: 40, unit: 'grapheme' }), { maxLength: 8 });
const read = (bytes: Buffer) => scanFrames(bytes).frames.map((frame) => frame.payload.toString());

describe('frames', () => {
  it('come back as they were written, in order and without damage', () => {
    fc.assert(
      fc.property(payloads, (texts) => {
        const scan = scanFrames(Buffer.concat(texts.map(encodeFrame)));
        expect(scan.frames.map((frame) => frame.payload.toString())).toEqual(texts);
        expect(scan.damage).toEqual([]);
      }),
    );
  });

  it('have a layout that other versions and other languages can read', () => {
    expect(encodeFrame('{}').toString('hex')).toBe('f5544746' + '00000002' + '5039d871' + '7b7d');
  });

  it('and damage together cover every byte once, whatever the bytes are', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 20 }),
        fc.string({ maxLength: 9 }).map(encodeFrame),
        fc.constant(encodeFrame('cut').subarray(0, 7)),
        fc.constant(Buffer.from([0xf5, 0x54, 0x47, 0x46, 0xff, 0xff, 0xff, 0xff])),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const bytes = Buffer.concat(parts);
        const scan = scanFrames(bytes);
        const ranges = [...scan.frames.map((frame) => frame.range), ...scan.damage];
        ranges.sort((a, b) => a.start - b.start);
        let end = 0;
        for (const range of ranges) {
          expect(range.start).toBe(end);
          expect(range.end).toBeGreaterThan(range.start);
          end = range.end;
        }
        expect(end).toBe(bytes.length);
      }),
    );
  });

  it('behind damage are found again', () => {
    const [one, two, three] = ['one', 'two', 'three'].map(encodeFrame);
    if (!one || !two || !three) throw new Error('three frames are there');
    expect(read(Buffer.concat([one, two.subarray(0, 9), three]))).toEqual(['one', 'three']);
    expect(read(Buffer.concat([Buffer.from('rubbish'), one]))).toEqual(['one']);
    expect(read(Buffer.concat([one, two.subarray(0, -1)]))).toEqual(['one']);
  });

  it('with any single bit flipped are not taken for whole', () => {
    const frame = encodeFrame('{"kind":"outcome"}');
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const flipped = Buffer.from(frame);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(read(flipped), `bit ${bit}`).toEqual([]);
    }
  });
});
