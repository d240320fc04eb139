/** A cell: names are text and are guarded; figures are written as they are. */
export type CsvCell = { text: string } | { figure: string };

/**
 * RFC 4180: CRLF, quotes where needed. A name that begins like a formula gets a leading apostrophe, because spreadsheets
 * would run it; figures may begin with a minus and are left alone.
 */
export function toCsv(header: readonly string[], rows: readonly (readonly CsvCell[])[]): string {
  return lineOf(header.map(quote)) + csvLines(rows);
}

/** The rows alone, for a file that is written in portions. */
export function csvLines(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => lineOf(row.map(csvCell))).join('');
}

function lineOf(cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`;
}

function csvCell(cell: CsvCell): string {
  if ('figure' in cell) return cell.figure;
  return quote(/^[=+\-@\t\r]/.test(cell.text) ? `'${cell.text}` : cell.text);
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
