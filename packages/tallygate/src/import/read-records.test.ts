import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readArray } from './read-array.ts';
import { readCsv } from './read-csv.ts';
import { readLines } from './read-lines.ts';
import type { FileRecord } from './records.ts';

const SEED = 20_261_121;
type Reader = (chunks: AsyncIterable<string>) => AsyncGenerator<FileRecord>;

async function* chunksOf(parts: readonly string[]) {
  yield* parts;
}

async function read(reader: Reader, ...parts: string[]): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  for await (const record of reader(chunksOf(parts))) records.push(record);
  return records;
}

/** Cut at these places, whatever lies there. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

const rowsOfText = fc.array(fc.record({ a: fc.string({ unit: 'grapheme' }), 'b c': fc.string() }), {
  maxLength: 6,
});
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

describe.each<[string, Reader, (rows: readonly Record<string, string>[]) => string]>([
  ['JSON lines', readLines, (rows) => rows.map((row) => `${JSON.stringify(row)}\r\n`).join('\n')],
  ['a JSON array', readArray, (rows) => JSON.stringify(rows, null, 2)],
  [
    'CSV',
    readCsv,
    (rows) =>
      ['a,b c', ...rows.map((row) => `${quoted(row['a'] ?? '')},${quoted(row['b c'] ?? '')}`)].join('\r\n'),
  ],
])('%s', (_name, reader, write) => {
  it('gives every record as it was written, wherever the file is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfText, fc.array(fc.nat(), { maxLength: 12 }), async (rows, places) => {
        const records = await read(reader, ...cut(write(rows), places));
        expect(records.map((record) => ('value' in record ? { ...record.value } : record))).toEqual(rows);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
});

const faults = (records: FileRecord[]) =>
  records.map((record) => [record.line, 'fault' in record ? record.fault : 'ok']);

describe('what cannot be read', () => {
  it('is told by its line, and the lines around it are read', async () => {
    const found = await read(readLines, '{"a":1}\n\nnonsense\n[1]\n{"a":2}');
    expect(faults(found)).toEqual([
      [1, 'ok'],
      [3, 'it is not JSON'],
      [4, 'it is no object'],
      [5, 'ok'],
    ]);
  });

  it('in an array is told by the line where it begins', async () => {
    const found = await read(readArray, '[\n{"a":1},\n{"a":\n2},\n{"a" 3},\n{"a":"]}"}\n]');
    expect(faults(found)).toEqual([
      [2, 'ok'],
      [3, 'ok'],
      [5, 'it is not JSON'],
      [6, 'ok'],
    ]);
  });

  it('is an array that breaks off, within an element or between two', async () => {
    expect(faults(await read(readArray, '[{"a":1},\n{"a":'))).toEqual([
      [1, 'ok'],
      [2, 'the file ends within it'],
    ]);
    expect(faults(await read(readArray, '[{"a":1}')).at(-1)?.[1]).toBe('the array does not end');
  });

  it('is a row of CSV with other fields than the first line, or with a quote that does not end', async () => {
    expect(faults(await read(readCsv, 'a;b\n1;2\n1\n1;2\n"1;2\n'))).toEqual([
      [2, 'ok'],
      [3, 'it has 1 fields where the first line has 2'],
      [4, 'ok'],
      [5, 'a quoted field does not end'],
    ]);
  });

  it('is a line without an end, of which only the beginning is kept', async () => {
    const endless = Array.from({ length: 40 }, () => 'x'.repeat(100_000));
    const found = await read(readLines, ...endless, '\n{"a":1}');
    expect(faults(found)).toEqual([
      [1, 'it is longer than a record can be'],
      [2, 'ok'],
    ]);
    expect(found[0]).toMatchObject({ text: 'x'.repeat(200) });
  });
});

it('a record that was set aside is read for what it holds', async () => {
  const [record] = await read(readLines, '{"line":7,"reason":"it names no model","row":{"a":1}}');
  expect(record).toMatchObject({ line: 1, value: { a: 1 } });
});
