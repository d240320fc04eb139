/**
 * One cell of a row: its column, and how a fact's field becomes what the engine reads. Making the cell is the check that the
 * table can hold it: the engine does not complain about an amount beyond Int64 or a year beyond 2299, it wraps or clamps and
 * stores another number. Money travels as a decimal string, an instant as whole milliseconds (the ticks of its column).
 */
import { TallygateError } from '@tallygate/usage';
import { z } from 'zod';

export type Cell = string | number | boolean | null | readonly string[] | Readonly<Record<string, string>>;

export interface Column<Fact> {
  name: string;
  /** @throws TallygateError `TALLYGATE_REQUEST_INVALID` naming the column. */
  cell(fact: Fact): Cell;
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const LAST_INSTANT_MS = Date.UTC(2299, 11, 31, 23, 59, 59, 999);

/** In `maybe…` columns null means that nobody knows; all others are always filled. */
function kindOf<Value extends Cell>(holds: (value: Value) => boolean) {
  return <Fact>(name: string, of: (fact: Fact) => Value): Column<Fact> => ({
    name,
    cell(fact) {
      const value = of(fact);
      if (holds(value)) return value;
      throw unstorable(name, value);
    },
  });
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isMeasure = (value: unknown): boolean =>
  Number.isFinite(value) && (value as number) >= 0 && (value as number) <= Number.MAX_SAFE_INTEGER;

/** Never empty: an id, or a dimension that everything has. */
export const name = kindOf<string>((value) => typeof value === 'string' && value !== '');
export const text = kindOf<string>(isText);
export const maybeText = kindOf<string | null>((value) => value === null || isText(value));
export const count = kindOf<number>(isCount);
export const maybeCount = kindOf<number | null>((value) => value === null || isCount(value));
export const maybeInteger = kindOf<number | null>((value) => value === null || Number.isSafeInteger(value));
export const integer = kindOf<number>(Number.isSafeInteger);
export const ordinal = kindOf<number>((value) => isCount(value) && value >= 1);
/** What rounding to a nano-USD can have left, in pico-USD; a correction holds the difference of two. */
export const rounding = kindOf<number>((value) => Number.isSafeInteger(value) && Math.abs(value) <= 1_000);
export const oneOf = <Value extends string>(values: readonly Value[]) =>
  kindOf<Value>((value) => values.includes(value));
export const measure = kindOf<number>(isMeasure);
export const maybeMeasure = kindOf<number | null>((value) => value === null || isMeasure(value));
export const flag = kindOf<boolean>((value) => typeof value === 'boolean');
export const instant = kindOf<number>((value) => isCount(value) && value <= LAST_INSTANT_MS);
export const texts = kindOf<readonly string[]>((values) => values.every(isText));
export const tags = kindOf<Readonly<Record<string, string>>>((value) => Object.values(value).every(isText));

export function amount<Fact>(name: string, of: (fact: Fact) => bigint): Column<Fact> {
  return { name, cell: (fact) => amountText(name, of(fact)) };
}

export function maybeAmount<Fact>(name: string, of: (fact: Fact) => bigint | undefined): Column<Fact> {
  return {
    name,
    cell(fact) {
      const value = of(fact);
      return value === undefined ? null : amountText(name, value);
    },
  };
}

export function amounts<Fact>(name: string, of: (fact: Fact) => readonly bigint[]): Column<Fact> {
  return { name, cell: (fact) => of(fact).map((value) => amountText(name, value)) };
}

/** `["acme","0199…",…]`: what FORMAT JSONCompactEachRow reads, without its line end. */
export function rowText<Fact>(columns: readonly Column<Fact>[], fact: Fact): string {
  const cells = new Array<Cell>(columns.length);
  for (let index = 0; index < columns.length; index += 1) cells[index] = columns[index]?.cell(fact) ?? null;
  const text = JSON.stringify(cells);
  return text.includes('\\ud') ? wellFormed(text) : text;
}

/**
 * Half of a character, which is what `'Zürich 🧾'.slice(0, 8)` ends with, is escaped by JSON and refused by the engine: the row would
 * stay out for it. It becomes U+FFFD, the character for what cannot be read.
 */
function wellFormed(json: string): string {
  return json.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (escaped) =>
    escaped.startsWith('\\ud') ? '\ufffd' : escaped,
  );
}

export function namesOf(columns: readonly { name: string }[]): string[] {
  return columns.map((column) => column.name);
}

/** The cells of a row by the names of their columns. */
export function cellsOf(names: readonly string[], row: unknown): Record<string, unknown> {
  const cells = z.array(z.unknown()).max(names.length).parse(row);
  return Object.fromEntries(names.map((column, index) => [column, cells[index] ?? null]));
}

function amountText(name: string, value: bigint): string {
  if (typeof value === 'bigint' && value >= INT64_MIN && value <= INT64_MAX) return value.toString();
  throw unstorable(name, value);
}

export function unstorable(name: string, value: unknown): TallygateError {
  return new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `${name} = ${String(value)} is not what the ledger can hold.`,
  });
}

/**
 * A cell of a row that was selected: an instant as milliseconds and an amount as text have a name of their own, since an alias would
 * hide their column from the WHERE.
 */
export function cellAs(row: Record<string, unknown>, column: string): unknown {
  return row[`${column}_ms`] ?? row[`${column}_text`] ?? row[column];
}
