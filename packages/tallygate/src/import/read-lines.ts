import { type FileRecord, jsonRecord, RECORD_CHARACTERS_MAX } from './records.ts';

/** One JSON object per line; empty lines are none. A line without an end is one record at fault, whatever its length. */
export async function* readLines(chunks: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  let rest = '';
  let line = 1;
  let tooLong = false;
  for await (const chunk of chunks) {
    const [first = '', ...others] = chunk.split('\n');
    rest += first;
    for (const next of others) {
      yield* recordOf(line, rest, tooLong);
      rest = next;
      line += 1;
      tooLong = false;
    }
    if (rest.length > RECORD_CHARACTERS_MAX) {
      tooLong = true;
      rest = rest.slice(0, 200);
    }
  }
  yield* recordOf(line, rest, tooLong);
}

function* recordOf(line: number, text: string, tooLong: boolean): Generator<FileRecord> {
  if (tooLong) yield { line, fault: 'it is longer than a record can be', text: text.slice(0, 200) };
  else if (text.trim() !== '') yield jsonRecord(line, text);
}
