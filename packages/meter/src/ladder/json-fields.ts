/**
 * The text of a JSON object with other values for some of its own fields. All the rest stays byte for byte as it was: numbers that
 * JavaScript cannot hold, and a prompt that the provider has cached. A field that stands twice is changed twice; one that is
 * missing stays so.
 */
export function withFields(text: string, values: Readonly<Record<string, string | number>>): string {
  let changed = '';
  let copiedTo = 0;
  for (const { name, valueStart, valueEnd } of ownFields(text)) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) continue;
    changed += text.slice(copiedTo, valueStart) + JSON.stringify(value);
    copiedTo = valueEnd;
  }
  return changed + text.slice(copiedTo);
}

interface Field {
  name: string;
  valueStart: number;
  valueEnd: number;
}

/** Of an object that parses: nothing here looks for mistakes. */
function ownFields(text: string): Field[] {
  const fields: Field[] = [];
  const structure = /["{}[\],]/g;
  let depth = 0;
  let open: Omit<Field, 'valueEnd'> | null = null;
  const close = (valueEnd: number) => {
    if (open !== null) fields.push({ ...open, valueEnd });
    open = null;
  };
  for (let found = structure.exec(text); found !== null; found = structure.exec(text)) {
    const at = found.index;
    switch (found[0]) {
      case '"': {
        const end = stringEnd(text, at);
        structure.lastIndex = end;
        if (depth === 1 && open === null) {
          const name = JSON.parse(text.slice(at, end)) as string;
          open = { name, valueStart: text.indexOf(':', end) + 1 };
        }
        break;
      }
      case ',':
        if (depth === 1) close(at);
        break;
      case '{':
      case '[':
        depth += 1;
        break;
      default:
        depth -= 1;
        if (depth === 0) close(at);
    }
  }
  return fields;
}

/** Behind the closing quote. A prompt may be megabytes long: it is searched, not walked. */
function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}
