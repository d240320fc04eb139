import { replyFrom } from './fork-part.ts';
import { LEDGER_PARTS, type LedgerPart } from './ledger-parts.ts';

/** For ledger-parts.ts: <part> <rows> <directory>. */
await replyFrom(([part, rows, directory = ''], showProgress) =>
  LEDGER_PARTS[part as LedgerPart](Number(rows), directory, showProgress),
);
