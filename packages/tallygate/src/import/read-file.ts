import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { TallygateError } from '@tallygate/usage';
import { readArray } from './read-array.ts';
import { readCsv } from './read-csv.ts';
import { readLines } from './read-lines.ts';
import { type FileRecord, FORMATS, type ImportFormat } from './records.ts';

const READERS = { jsonl: readLines, json: readArray, csv: readCsv };

/** What of a file decides whether it is the same one. */
export interface FileFacts {
  path: string;
  bytes: number;
  changedMs: number;
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what is no file that can be read. */
export function lookAt(path: string): FileFacts {
  const failed = (problem: string) =>
    new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `${path} ${problem}.`,
      cure: 'Name a file of JSON lines, a JSON array or CSV.',
    });
  try {
    const found = statSync(path);
    if (!found.isFile()) throw failed('is no file');
    closeSync(openSync(path, 'r'));
    return { path, bytes: found.size, changedMs: found.mtimeMs };
  } catch (error) {
    if (TallygateError.isInstance(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw failed(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown error'})`);
  }
}

/** As said, else by the ending of the name, else by the first character. */
export function formatOf(path: string, said: string | undefined): ImportFormat {
  const known = (name: string) => FORMATS.find((format) => format === name);
  if (said !== undefined) return known(said) ?? refuseFormat(said);
  const byName = known(/\.(\w+)$/.exec(path)?.[1]?.toLowerCase().replace('ndjson', 'jsonl') ?? '');
  if (byName === 'csv') return byName;
  const first = firstCharacter(path);
  if (first === '[') return 'json';
  return first === '{' ? 'jsonl' : (byName ?? 'csv');
}

/** Records one by one: of the file only what is being read lies in memory. `read` is told how far it has got, in bytes. */
export function readRecords(
  path: string,
  format: ImportFormat,
  read: (bytes: number) => void,
): AsyncGenerator<FileRecord> {
  return READERS[format](textOf(path, read));
}

async function* textOf(path: string, read: (bytes: number) => void): AsyncGenerator<string> {
  const stream = createReadStream(path, { highWaterMark: 262_144 });
  const decoder = new TextDecoder();
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    yield decoder.decode(chunk, { stream: true });
    read(stream.bytesRead);
  }
  yield decoder.decode();
}

function firstCharacter(path: string): string {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(256);
    return start
      .toString('utf8', 0, readSync(file, start))
      .replace(/^[\uFEFF\s]+/, '')
      .charAt(0);
  } finally {
    closeSync(file);
  }
}

function refuseFormat(said: string): never {
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `--format "${said}" is not a format.`,
    cure: `Use one of ${FORMATS.join(', ')}.`,
  });
}
