import type { SpendQuery } from '@tallygate/usage';
import { replyFrom } from './fork-part.ts';
import { makeLedger } from './reconcile-ledger.ts';
import { askTheSame, reconcileMonth } from './reconcile-run.ts';
import type { ShowProgress } from './run.ts';

/** For run-reconcile.ts: <part> <directory> and what the part takes besides. */
const PARTS: Record<string, (directory: string, given: string, show: ShowProgress) => Promise<unknown>> = {
  ledger: (directory, _given, show) => makeLedger(directory, show),
  run: (directory, providerUrl, show) => reconcileMonth(directory, providerUrl, show),
  engine: (directory, queries) => askTheSame(directory, JSON.parse(queries) as SpendQuery[]),
};

await replyFrom(async ([part = '', directory = '', given = ''], showProgress) =>
  PARTS[part]?.(directory, given, showProgress),
);
