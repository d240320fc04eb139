import {
  type FlushReport,
  type SpendHistory,
  TallygateError,
  type UsageEvent,
  type UsageSink,
} from '@tallygate/usage';
import { addImported, addRejected, type ImportTotals, noTotals } from './import-totals.ts';
import type { RowReader } from './parse-row.ts';
import type { ProgressNote } from './progress-note.ts';
import type { FileRecord } from './records.ts';
import type { RejectedRows } from './rejected-rows.ts';
import { type ImportTerms, rowEvent } from './row-event.ts';
import { RowFault } from './row-fault.ts';
import { createRowIdentity, type RowIdentity } from './row-identity.ts';

export interface ImportParts {
  records: AsyncIterable<FileRecord>;
  reader: RowReader;
  terms: ImportTerms;
  history: SpendHistory;
  sink: Pick<UsageSink, 'recordOutcome' | 'flush'>;
  note: ProgressNote;
  rejected: RejectedRows;
  nowMs: number;
  /** How long the ledger keeps rows: it would take older ones and delete them in the same moment. */
  keptDays: number;
  dryRun: boolean;
}

const DAY_MS = 86_400_000;

/** As many ids as one question may name. */
const ROWS_PER_QUESTION = 200;
/** Between two flushes: bounds what the spool holds, and what a run that was cut off does again. */
const ROWS_PER_FLUSH = 10_000;

/**
 * Imports usage of the past: each record an event that the ledger counts once, however often and from however many files it is
 * imported. What is there already is never written again, so that a price that changed meanwhile changes nothing.
 *
 * No budget is settled: periods of the past are over, and what is imported was paid long ago.
 *
 * @throws TallygateError `TALLYGATE_LEDGER_UNAVAILABLE` when the ledger stops taking rows; run again, it goes on from there.
 */
export async function importUsage(parts: ImportParts): Promise<ImportTotals> {
  const run: Run = {
    parts,
    totals: noTotals(),
    identity: createRowIdentity(parts.terms.snapshot.organization, parts.terms.pseudonymKey),
    waiting: [],
    unflushed: 0,
    storedBefore: parts.note.storedRecords(),
  };
  for await (const record of parts.records) {
    await take(run, record);
    if (run.waiting.length >= ROWS_PER_QUESTION) await recordWaiting(run);
    if (run.unflushed >= ROWS_PER_FLUSH) await flush(run);
  }
  await recordWaiting(run);
  await flush(run);
  return run.totals;
}

interface Run {
  parts: ImportParts;
  totals: ImportTotals;
  identity: RowIdentity;
  waiting: UsageEvent[];
  unflushed: number;
  /** Records that an earlier run has seen into the ledger: read for the identity of those behind them, and left alone. */
  storedBefore: number;
}

async function take(run: Run, record: FileRecord): Promise<void> {
  const { totals, parts } = run;
  totals.records += 1;
  try {
    const event = eventOf(run, record);
    if (event === null) totals.repeated += 1;
    else if (totals.records <= run.storedBefore) totals.alreadyStored += 1;
    else run.waiting.push(event);
  } catch (error) {
    if (!(error instanceof RowFault) && !isRefusal(error)) throw error;
    addRejected(totals, record.line, error.message);
    if (!parts.dryRun) await parts.rejected.add(record, error.message);
  }
}

/** Null for a call that this file has named before. */
function eventOf({ parts, identity }: Run, record: FileRecord): UsageEvent | null {
  if ('fault' in record) throw new RowFault(record.fault);
  const row = parts.reader.read(record.value, parts.nowMs);
  if (row.atMs < parts.nowMs - parts.keptDays * DAY_MS) throw new RowFault(expired(parts.keptDays));
  const found = identity.of(row);
  if (found === 'repeated') return null;
  if (found === 'conflicting') throw new RowFault('another line of this file has its id and says otherwise');
  return rowEvent(found.eventId, row, parts.terms);
}

function expired(keptDays: number): string {
  return `it is older than the ${keptDays} days that rows are kept; set TALLYGATE_RAW_RETENTION_DAYS to more and run it again`;
}

/** What a registry that refuses teams says, and a cost that no store can hold. */
function isRefusal(error: unknown): error is TallygateError {
  return (
    TallygateError.isInstance(error) &&
    ['TALLYGATE_ATTRIBUTION_MISSING', 'TALLYGATE_ATTRIBUTION_REFUSED'].includes(error.code)
  );
}

async function recordWaiting(run: Run): Promise<void> {
  const { parts, totals, waiting } = run;
  if (waiting.length === 0) return;
  const known = await knownAmong(run);
  for (const event of waiting) {
    if (known.has(event.eventId)) {
      totals.alreadyStored += 1;
      continue;
    }
    if (!parts.dryRun) parts.sink.recordOutcome(event, null);
    addImported(totals, event);
  }
  run.unflushed += waiting.length;
  run.waiting = [];
}

async function knownAmong({ parts, waiting }: Run): Promise<Set<string>> {
  const instants = waiting.map((event) => event.budgetInstantMs);
  const ids = await parts.history.knownEvents({
    organization: parts.terms.snapshot.organization,
    fromMs: Math.min(...instants),
    toMs: Math.max(...instants) + 1,
    eventIds: waiting.map((event) => event.eventId),
  });
  return new Set(ids);
}

/** The note is written when the rows are in the ledger, never before. */
async function flush(run: Run): Promise<void> {
  const { parts, totals } = run;
  if (parts.dryRun) return;
  requireStored(await parts.sink.flush());
  run.unflushed = 0;
  parts.note.save(Math.max(totals.records, run.storedBefore));
}

function requireStored({ pending }: FlushReport): void {
  if (pending === 0) return;
  throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', {
    message: `The ledger takes no more rows; ${pending} wait in the spool.`,
    cure: 'Run the same import again once it answers: it goes on where it stopped.',
  });
}
