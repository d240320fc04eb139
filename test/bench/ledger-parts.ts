import { join } from 'node:path';
import { forkPart } from './fork-part.ts';
import { benchIngest, type IngestBench } from './ledger-ingest.ts';
import { benchMonth, type MonthBench } from './ledger-month.ts';
import { benchQueries, type QueryBench } from './ledger-queries.ts';
import type { ShowProgress } from './run.ts';

/** Each in a process of its own: what one of them takes is not the next one's peak. */
export const LEDGER_PARTS = {
  ingest: (rows: number, directory: string, showProgress: ShowProgress): Promise<IngestBench> =>
    benchIngest(rows, directory, showProgress),
  month: (rows: number, directory: string, showProgress: ShowProgress): Promise<MonthBench> =>
    benchMonth(rows, directory, showProgress),
  questions: (_rows: number, directory: string, showProgress: ShowProgress): Promise<QueryBench> =>
    benchQueries(join(directory, 'ledger'), showProgress),
};
export type LedgerPart = keyof typeof LEDGER_PARTS;

const MAIN = new URL('./ledger-part-main.ts', import.meta.url);

export function runPart<Part extends LedgerPart>(
  part: Part,
  rows: number,
  directory: string,
  showProgress: ShowProgress,
) {
  type Result = Awaited<ReturnType<(typeof LEDGER_PARTS)[Part]>>;
  return forkPart<Result>(MAIN, [part, `${rows}`, directory], showProgress);
}
