import { type FileRecord, jsonRecord, RECORD_CHARACTERS_MAX } from './records.ts';

/**
 * The elements of one JSON array, cut out by their brackets as they stream by, so that the array is never in memory. `line` is
 * where an element begins. What stands around the elements is a record at fault, and so is an array that does not end.
 */
export async function* readArray(chunks: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  const cut: Cut = { line: 1, startedAt: 1, depth: 0, quoted: false, escaped: false, text: '' };
  for await (const chunk of chunks) for (const character of chunk) yield* taken(cut, character);
  if (cut.text !== '') yield atFault(cut, 'the file ends within it');
  else if (cut.depth !== 0 || cut.line === 0) yield atFault(cut, 'the array does not end');
}

interface Cut {
  line: number;
  startedAt: number;
  /** 0 outside the array, 1 between elements, more within one. */
  depth: number;
  quoted: boolean;
  escaped: boolean;
  text: string;
}

function* taken(cut: Cut, character: string): Generator<FileRecord> {
  if (character === '\n') cut.line += 1;
  if (cut.depth <= 1 && cut.text === '') {
    yield* between(cut, character);
    return;
  }
  cut.text += character;
  follow(cut, character);
  if (cut.depth === 1 && !cut.quoted) {
    const { startedAt, text } = cut;
    cut.text = '';
    yield jsonRecord(startedAt, text);
  } else if (cut.text.length > RECORD_CHARACTERS_MAX) {
    yield atFault(cut, 'it is longer than a record can be');
    cut.text = ' ';
  }
}

/** Between elements only blanks, commas and brackets are silent; anything else is reported as the first thing found there. */
function* between(cut: Cut, character: string): Generator<FileRecord> {
  if (character === '{' && cut.depth === 1) {
    cut.startedAt = cut.line;
    cut.text = character;
    cut.depth = 2;
  } else if (character === '[' && cut.depth === 0) cut.depth = 1;
  else if (character === ']' && cut.depth === 1) cut.depth = 0;
  else if (!/[\s,\uFEFF]/.test(character)) {
    yield { line: cut.line, fault: 'it is no object of an array', text: character };
  }
}

function follow(cut: Cut, character: string): void {
  if (cut.escaped) cut.escaped = false;
  else if (cut.quoted && character === '\\') cut.escaped = true;
  else if (character === '"') cut.quoted = !cut.quoted;
  else if (cut.quoted) return;
  else if (character === '{' || character === '[') cut.depth += 1;
  else if (character === '}' || character === ']') cut.depth -= 1;
}

function atFault(cut: Cut, fault: string): FileRecord {
  return { line: cut.startedAt, fault, text: cut.text.slice(0, 200) };
}
