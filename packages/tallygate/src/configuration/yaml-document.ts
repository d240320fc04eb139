import { TallygateError } from '@tallygate/usage';
import { isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';

export type Path = readonly (string | number)[];

/** A parsed file that can say where each of its values stands. */
export interface LocatedDocument {
  content: unknown;
  /** Error about the value at `path`: "tallygate.yaml:7:12: budgets[0].limit.usd …". */
  invalid(path: Path, problem: string, cure: string): TallygateError;
  /** Character offset of the value (or of the key, for a field that should not be there); orders several problems. */
  offsetOf(path: Path, at?: 'key'): number;
  locate(path: Path, at?: 'key'): string;
}

const NULL_TEXTS = new Set(['', '~', 'null', 'Null', 'NULL']);
const SYNTAX_CURE = 'Correct the YAML there; indentation is by blanks, and each name stands once.';

/**
 * Parses YAML in which every scalar is text and plain nulls are null.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` with line and column for anything that YAML does not allow.
 */
export function parseLocatedYaml(source: string, name: string): LocatedDocument {
  const lines = new LineCounter();
  const document = parseDocument(source, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const [problem] = [...document.errors, ...document.warnings];
  // The library's own text is used without the excerpt that it can add: a file may hold what logs must not.
  if (problem) throw located(`${place(problem.pos[0])}: ${problem.message}.`, SYNTAX_CURE);
  visit(document, {
    Scalar: (_key, scalar) => {
      if (scalar.type === 'PLAIN' && NULL_TEXTS.has(String(scalar.value))) scalar.value = null;
    },
  });
  const content = expandAliases(() => document.toJS({ maxAliasCount: 100 }), name);
  const offsetOf: LocatedDocument['offsetOf'] = (path, at) => offsetIn(document.contents, path, at);
  const locate: LocatedDocument['locate'] = (path, at) => place(offsetOf(path, at));
  return {
    content,
    offsetOf,
    locate,
    invalid: (path, text, cure) => located(`${locate(path)}: ${fieldName(path)} ${text}.`, cure),
  };
}

export function located(message: string, cure: string): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: message.replace(/\.\.$/, '.'),
    cure,
  });
}

/** "budgets[0].limit.usd"; "The file" for the whole of it. */
export function fieldName(path: Path): string {
  if (path.length === 0) return 'The file';
  return path.reduce<string>(
    (name, step) =>
      typeof step === 'number' ? `${name}[${step}]` : name === '' ? String(step) : `${name}.${step}`,
    '',
  );
}

/** Aliases that expand without end are refused by the parser; anything else it throws here is of that kind. */
function expandAliases(read: () => unknown, name: string): unknown {
  try {
    return read();
  } catch {
    throw located(`${name}: its aliases expand to too much.`, 'Write the values out instead.');
  }
}

/** Walks to the deepest node that exists, so that a missing field is reported where its parent stands. */
function offsetIn(root: unknown, path: Path, at?: 'key'): number {
  let node = root;
  let offset = isNode(root) ? (root.range?.[0] ?? 0) : 0;
  for (const [index, step] of path.entries()) {
    const next = childOf(node, step);
    if (!next) break;
    const wantsKey = at === 'key' && index === path.length - 1;
    const target = wantsKey && next.key !== null ? next.key : next.value;
    offset = isNode(target) ? (target.range?.[0] ?? offset) : offset;
    node = next.value;
  }
  return offset;
}

function childOf(node: unknown, step: string | number): { key: unknown; value: unknown } | null {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === step);
    return pair ? { key: pair.key, value: pair.value } : null;
  }
  const items = (node as { items?: unknown[] } | null)?.items;
  const value = Array.isArray(items) && typeof step === 'number' ? items[step] : undefined;
  return value === undefined ? null : { key: null, value };
}
