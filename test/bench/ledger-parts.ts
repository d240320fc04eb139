import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchIngest, type IngestBench } from './ledger-ingest.ts';
import { benchMonth, type MonthBench } from './ledger-month.ts';
import { benchQueries, type QueryBench } from './ledger-queries.ts';
import type { ShowProgress } from './run.ts';

const MAIN = fileURLToPath(new URL('./ledger-part-main.ts', import.meta.url));

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

export interface PartReply<Part extends LedgerPart> {
  result: Awaited<ReturnType<(typeof LEDGER_PARTS)[Part]>>;
  /** The largest the process ever was, engine and all. */
  peakMemoryMb: number;
}
export type PartMessage = { reply: PartReply<LedgerPart> } | { progress: Parameters<ShowProgress> };

/** Rejects when the process ends without a reply; what went wrong stands on its stderr. */
export function runPart<Part extends LedgerPart>(
  part: Part,
  rows: number,
  directory: string,
  showProgress: ShowProgress,
): Promise<PartReply<Part>> {
  return new Promise((resolve, reject) => {
    const child = fork(MAIN, [part, `${rows}`, directory]);
    child.on('message', (message: PartMessage) => {
      if ('reply' in message) resolve(message.reply as PartReply<Part>);
      else showProgress(...message.progress);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      reject(new Error(`"${part}" ended without a reply: ${signal ?? code}`)),
    );
  });
}
