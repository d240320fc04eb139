/** A table for a terminal. Cells are finished texts; numbers stand right, names left. */
export interface TextTable {
  columns: readonly { title: string; align: 'left' | 'right' }[];
  rows: readonly (readonly string[])[];
  /** Stands under a rule. */
  footer?: readonly string[];
}

const GAP = '  ';
/** Below this a shortened name tells nothing; the table is then wider than asked for. */
const NARROWEST_NAME = 8;

/**
 * Aligned lines, each ending in a newline, within `width` where that is possible: only left-aligned cells are shortened
 * (with "…"), the widest column first; a number is never cut. Control characters are shown as "�", so that a name
 * cannot steer the terminal.
 */
export function toTextTable(table: TextTable, options: { width?: number } = {}): string {
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
