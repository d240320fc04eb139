import { type FileRecord, RECORD_CHARACTERS_MAX } from './records.ts';

/**
 * CSV by RFC 4180: the first row names the columns; fields may be quoted, hold commas and line ends, and double their quotes.
 * The separator is the one of comma, semicolon and tab that the first row has most of. `line` is where a row begins.
 */
export async function* readCsv(chunks: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  let header: string[] | null = null;
  let separator = '';
  for await (const { line, text, open } of readRows(chunks)) {
    if (text.trim() === '') continue;
    if (header === null) {
      separator = separatorOf(text);
      header = fieldsOf(text.replace(/^\uFEFF/, ''), separator).map((name) => name.trim());
    } else if (open) yield { line, fault: 'a quoted field does not end', text: text.slice(0, 200) };
    else yield rowOf(line, text, header, separator);
  }
}

interface Row {
  line: number;
  text: string;
  /** Ended by the file, or by its length, within quotes. */
  open: boolean;
}

async function* readRows(chunks: AsyncIterable<string>): AsyncGenerator<Row> {
  let text = '';
  let quoted = false;
  let line = 1;
  let startedAt = 1;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const character = chunk.charCodeAt(at);
      if (character === 34) quoted = !quoted;
      if (character !== 10) continue;
      line += 1;
      if (quoted) continue;
      yield { line: startedAt, text: (text + chunk.slice(from, at)).replace(/\r$/, ''), open: false };
      text = '';
      from = at + 1;
      startedAt = line;
    }
    text += chunk.slice(from);
    if (text.length > RECORD_CHARACTERS_MAX) {
      yield { line: startedAt, text, open: true };
      text = '';
    }
  }
  yield { line: startedAt, text: text.replace(/\r$/, ''), open: quoted };
}

function rowOf(line: number, text: string, header: readonly string[], separator: string): FileRecord {
  const fields = fieldsOf(text, separator);
  if (fields.length !== header.length) {
    const fault = `it has ${fields.length} fields where the first line has ${header.length}`;
    return { line, fault, text: text.slice(0, 2_000) };
  }
  return { line, value: Object.fromEntries(header.map((name, index) => [name, fields[index] ?? ''])) };
}

function separatorOf(header: string): string {
  const count = (separator: string) => header.split(separator).length;
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best));
}

function fieldsOf(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"' && quoted && text.charAt(at + 1) === '"') {
      field += '"';
      at += 1;
    } else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  return [...fields, field];
}
