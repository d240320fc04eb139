/** How two versions of a report differ, row by row, whatever provider wrote them and in whatever order. */
import type { ReportDrift, ReportRow } from '@tallygate/usage';

type Scalar = ReportRow[string];

/** @param ignored paths of fields that are left out of every row. */
export function reportDrift(earlier: unknown, later: unknown, ignored: readonly string[]): ReportDrift {
  const [before, after] = [earlier, later].map((body) => counted(rowsOf(body, ignored)));
  return { removed: beyond(before, after), added: beyond(after, before) };
}

interface Counted {
  row: ReportRow;
  times: number;
}

function counted(rows: readonly ReportRow[]): Map<string, Counted> {
  const found = new Map<string, Counted>();
  for (const row of rows) {
    const key = JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
    found.set(key, { row, times: (found.get(key)?.times ?? 0) + 1 });
  }
  return found;
}

/** As often as one has it more often than the other. */
function beyond(one: Map<string, Counted> = new Map(), other: Map<string, Counted> = new Map()): ReportRow[] {
  return [...one].flatMap(([key, { row, times }]) =>
    new Array<ReportRow>(Math.max(0, times - (other.get(key)?.times ?? 0))).fill(row),
  );
}

/** A row is what holds no further rows; what encloses it belongs to it, as the day of a bucket does. */
function rowsOf(body: unknown, ignored: readonly string[]): ReportRow[] {
  const rows: ReportRow[] = [];
  collect(body, '', {});
  return rows;

  function collect(value: unknown, path: string, context: ReportRow): void {
    if (Array.isArray(value)) {
      for (const item of value) collect(item, path, context);
      return;
    }
    const inner: [string, unknown[]][] = [];
    const row = { ...context };
    fieldsInto(row, inner, value, path);
    for (const name of ignored) delete row[name];
    if (inner.length === 0) rows.push(row);
    for (const [name, items] of inner) collect(items, name, row);
  }
}

/** Nested objects are fields with a dotted name; a list of plain values is one field. */
function fieldsInto(row: ReportRow, inner: [string, unknown[]][], value: unknown, path: string): void {
  if (isScalar(value)) {
    row[path] = value;
  } else if (Array.isArray(value)) {
    if (value.length > 0 && value.every(isScalar)) row[path] = JSON.stringify(value);
    else inner.push([path, value]);
  } else {
    for (const [name, item] of Object.entries(value as object))
      fieldsInto(row, inner, item, path === '' ? name : `${path}.${name}`);
  }
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
