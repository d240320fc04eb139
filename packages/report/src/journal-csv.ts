import { type CsvCell, toCsv } from './csv.ts';
import type { JournalLine } from './journal.ts';

/** One column of a layout: a field of the line, as it is or as a day in the form that is asked for. */
type JournalColumn = readonly [title: string, field: keyof JournalLine, form?: 'MM/DD/YYYY'];

/** Layouts are data: another system is another list of columns. */
export const JOURNAL_TEMPLATES = {
  generic: [
    ['batch_id', 'batchId'],
    ['period', 'period'],
    ['posting_date', 'postingDate'],
    ['entity', 'entity'],
    ['gl_account', 'account'],
    ['cost_centre', 'costCentre'],
    ['project', 'project'],
    ['debit', 'debit'],
    ['credit', 'credit'],
    ['currency', 'currency'],
    ['memo', 'memo'],
    ['line_reference', 'lineReference'],
    ['source_hash', 'sourceHash'],
  ],
  netsuite: [
    ['External ID', 'batchId'],
    ['Date', 'postingDate', 'MM/DD/YYYY'],
    ['Subsidiary', 'entity'],
    ['Currency', 'currency'],
    ['Account', 'account'],
    ['Debit', 'debit'],
    ['Credit', 'credit'],
    ['Department', 'costCentre'],
    ['Class', 'project'],
    ['Memo', 'memo'],
  ],
  quickbooks: [
    ['JournalNo', 'batchId'],
    ['JournalDate', 'postingDate', 'MM/DD/YYYY'],
    ['AccountName', 'account'],
    ['Debits', 'debit'],
    ['Credits', 'credit'],
    ['Description', 'memo'],
    ['Class', 'costCentre'],
    ['Location', 'entity'],
  ],
} as const satisfies Record<string, readonly JournalColumn[]>;
export type JournalTemplate = keyof typeof JOURNAL_TEMPLATES;

const FIGURES: readonly string[] = ['debit', 'credit'] satisfies (keyof JournalLine)[];

/** The journal as a file for the system that posts it. */
export function journalCsv(lines: readonly JournalLine[], template: JournalTemplate): string {
  const columns: readonly JournalColumn[] = JOURNAL_TEMPLATES[template];
  return toCsv(
    columns.map(([title]) => title),
    lines.map((line) =>
      columns.map(([, field, form]): CsvCell => {
        const text = form === undefined ? line[field] : americanDay(line[field]);
        return FIGURES.includes(field) ? { figure: text } : { text };
      }),
    ),
  );
}

function americanDay(day: string): string {
  const [year = '', month = '', date = ''] = day.split('-');
  return `${month}/${date}/${year}`;
}
