import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonlScanner } from './jsonl-scanner.ts';

function scan(bytes: Uint8Array, chunkBytes: number) {
  const values: unknown[] = [];
  let unreadable = 0;
  const scanner = createJsonlScanner(
    (value) => void values.push(value),
    () => {
      unreadable += 1;
    },
  );
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    scanner.feed(bytes.subarray(start, start + chunkBytes));
  }
  scanner.end();
  return { values, unreadable };
}

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('lines of JSONL', () => {
  it('are the same wherever the bytes were cut, also inside characters and line ends', () => {
    const line = fc.record({ custom_id: fc.string({ unit: 'binary' }), result: fc.jsonValue() });
    const end = fc.constantFrom('\n', '\r\n', '\n\n');
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 6 }),
        end,
        fc.integer({ min: 1, max: 9 }),
        (lines, ending, size) => {
          const text = lines.map((value) => JSON.stringify(value)).join(ending);
          const expected = lines.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
          expect(scan(utf8(text), size)).toEqual({ values: expected, unreadable: 0 });
          expect(scan(utf8(text + ending), size)).toEqual({ values: expected, unreadable: 0 });
        },
      ),
      { seed: 20261121, numRuns: 300 },
    );
  });

  it('that are no JSON, or were cut off, are told apart from blank ones and stop nothing', () => {
    expect(scan(utf8('{"a":1}\n\nnope\n  \n[2]\n{"b":'), 3)).toEqual({
      values: [{ a: 1 }, [2]],
      unreadable: 2,
    });
    expect(scan(utf8(''), 1)).toEqual({ values: [], unreadable: 0 });
  });

  it('are given as soon as their end has passed, not at the end of the body', () => {
    const values: unknown[] = [];
    const scanner = createJsonlScanner(
      (value) => void values.push(value),
      () => undefined,
    );
    scanner.feed(utf8('1\n2'));
    expect(values).toEqual([1]);
    scanner.feed(utf8('\n'));
    expect(values).toEqual([1, 2]);
  });
});
