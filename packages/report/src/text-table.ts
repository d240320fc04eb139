export interface TextColumn {
  title: string;
  align: 'left' | 'right';
  /** Set: where a terminal is too narrow the column is left out, the highest number first, before a name is shortened much. */
  spare?: number;
}

/** A table for a terminal. Cells are finished texts; numbers stand right, names left. */
export interface TextTable {
  columns: readonly TextColumn[];
  rows: readonly (readonly string[])[];
  /** Stands under a rule. */
  footer?: readonly string[];
}

const GAP = '  ';
/** Below this a shortened name tells nothing; the table is then wider than asked for. */
const NARROWEST_NAME = 8;
/** Columns are given up to keep this much of a name. */
const READABLE_NAME = 16;

/**
 * Aligned lines, each ending in a newline, within `width` where that is possible: spare columns are left out, then left-aligned
 * cells shortened (with "…"), the widest column first; a number is never cut. Control characters are shown as "�", so that a name
 * cannot steer the terminal.
 */
export function toTextTable(whole: TextTable, options: { width?: number } = {}): string {
  const table = withoutSpare(whole, options.width ?? Number.POSITIVE_INFINITY);
  const header = table.columns.map(({ title }) => title);
  const body = table.rows.map((row) => row.map(clean));
  const footer = table.footer?.map(clean);
  const all = footer ? [header, ...body, footer] : [header, ...body];
  const widths = fit(table, columnWidths(table, all), options.width ?? Number.POSITIVE_INFINITY);
  const line = (cells: readonly string[]) => renderLine(table, cells, widths);
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)));
  // Nothing above it: the rule under the header does for both.
  const closing = footer ? [...(body.length > 0 ? [rule] : []), line(footer)] : [];
  const lines = [line(header), rule, ...body.map(line), ...closing];
  return lines.map((text) => `${text}\n`).join('');
}

/** Columns of one rank go together: of four percentiles three would raise a question. */
function withoutSpare(table: TextTable, width: number): TextTable {
  const { columns, rows, footer } = table;
  const header = columns.map(({ title }) => title);
  const natural = columnWidths(table, [header, ...rows, ...(footer ? [footer] : [])]);
  const least = natural.map((each, index) =>
    columns[index]?.align === 'left' ? Math.min(each, READABLE_NAME) : each,
  );
  const needed = least.reduce((sum, each) => sum + each, GAP.length * (least.length - 1));
  const highest = Math.max(...columns.map(({ spare }) => spare ?? 0));
  if (needed <= width || highest <= 0) return table;
  const kept = <Item>(items: readonly Item[]) =>
    items.filter((_item, index) => columns[index]?.spare !== highest);
  const rest = { columns: kept(columns), rows: rows.map(kept) };
  return withoutSpare(footer ? { ...rest, footer: kept(footer) } : rest, width);
}

function clean(cell: string): string {
  return cell.replace(/\p{C}/gu, '\uFFFD');
}

function columnWidths(table: TextTable, lines: readonly (readonly string[])[]): number[] {
  return table.columns.map((_column, index) =>
    Math.max(...lines.map((cells) => lengthOf(cells[index] ?? ''))),
  );
}

/** Takes from the widest column of names until the line fits or no name can be shortened any more. */
function fit(table: TextTable, natural: number[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1)) - width;
  while (excess > 0) {
    const names = widths.filter(
      (each, index) => table.columns[index]?.align === 'left' && each > NARROWEST_NAME,
    );
    if (names.length === 0) break;
    const widest = Math.max(...names);
    const index = widths.findIndex((each, at) => each === widest && table.columns[at]?.align === 'left');
    widths[index] = widest - 1;
    excess -= 1;
  }
  return widths;
}

function renderLine(table: TextTable, cells: readonly string[], widths: readonly number[]): string {
  const padded = table.columns.map(({ align }, index) => {
    const width = widths[index] ?? 0;
    const cell = shorten(cells[index] ?? '', width);
    const padding = ' '.repeat(Math.max(0, width - lengthOf(cell)));
    return align === 'right' ? padding + cell : cell + padding;
  });
  return padded.join(GAP).trimEnd();
}

function shorten(cell: string, width: number): string {
  return lengthOf(cell) <= width ? cell : `${[...cell].slice(0, width - 1).join('')}…`;
}

/** Code points, not UTF-16 units. */
function lengthOf(text: string): number {
  return [...text].length;
}
