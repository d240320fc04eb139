import { z } from 'zod';
import { BILLED_FIELDS, type BilledColumns, type BilledDay, readBilledCsv } from './billed-csv.ts';
import { readConsoleCsv } from './console-csv.ts';
import { reportMalformed } from './report-malformed.ts';

/** Bills from files, as they are stored: whose they are and which of their columns is what in the question, the cells in the body. */
export const BILLED_FILES = 'billed_csv';

const cells = z.record(z.string(), z.unknown());
const bodySchema = z.looseObject({
  files: z.array(z.looseObject({ file: z.string().default('a stored file'), rows: z.array(cells) })),
});

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for a body that is none. */
export function readStoredFiles(question: string, body: Record<string, unknown>): BilledDay[] {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw reportMalformed(BILLED_FILES, 'holds no rows of files', parsed.error);
  // The header was the first line.
  const files = parsed.data.files.map(({ file, rows }) =>
    rows.map((value, index) => ({ file, line: index + 2, value })),
  );
  const columns = columnsIn(question);
  if (columns === null) return readConsoleCsv(...files).days;
  return files.flatMap((rows) => readBilledCsv(rows, columns).days);
}

const WORDS = ['backend', ...BILLED_FIELDS].join('|');
/** The name of a column may hold whatever the words are parted by. */
const WORD = new RegExp(`(?:^|&)(${WORDS})=(.*?)(?=&(?:${WORDS})=|$)`, 'g');

/** "amount=BilledCost&backend=bedrock&date=BillingDate"; null: as the Console names them. */
function columnsIn(question: string): BilledColumns | null {
  const words = [...question.matchAll(WORD)].filter(([, name]) => name !== 'backend');
  const { date, amount, ...others } = Object.fromEntries(words.map(([, name, column]) => [name, column]));
  return date === undefined || amount === undefined ? null : { ...others, date, amount };
}
