import { entriesToText } from './attempt-record.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import type { IdWords } from './id-words.ts';
import type { Ending } from './settlements.ts';

/**
 * Ended attempts by their ids, exactly as they were put in. A busy process remembers hundreds of thousands: as objects they
 * took 1,200 bytes each and time of every garbage collection; here they are rows of one buffer outside the heap.
 */
export interface AttemptTable {
  get(id: IdWords): Ending | undefined;
  /** Replaces an earlier ending of the same attempt. */
  put(id: IdWords, ending: Ending): void;
}

/** Where each part stands in a row. The number of a settlement is never zero, so a zero there marks a free row. */
const AT = {
  id: 0,
  seq: 16,
  settledAtMs: 24,
  budgetInstantMs: 32,
  amountNanoUsd: 40,
  tokens: 48,
  requests: 56,
  entries: 64,
  kind: 68,
};
const ROW_BYTES = 72;
const ROWS_AT_FIRST = 64;
/** A table doubles when it is fuller than this: beyond it the search for a free row gets long. */
const FULLEST = 0.75;

export function createAttemptTable(): AttemptTable {
  const lists = createEntryLists();
  let rows = emptyRows(ROWS_AT_FIRST);
  let used = 0;
  return {
    get: (id) => {
      const at = findRow(rows, id);
      return isFree(rows, at) ? undefined : readRow(rows, at, lists);
    },
    put: (id, ending) => {
      if (used >= (rows.byteLength / ROW_BYTES) * FULLEST) rows = doubled(rows);
      const at = findRow(rows, id);
      if (isFree(rows, at)) used += 1;
      writeRow(rows, at, id, ending, lists.numberOf(ending.entries));
    },
  };
}

function emptyRows(count: number): DataView {
  return new DataView(new ArrayBuffer(count * ROW_BYTES));
}

/** Where the row of the id begins, or the free one that it would take. */
function findRow(rows: DataView, id: IdWords): number {
  let at = (hashOf(id) % (rows.byteLength / ROW_BYTES)) * ROW_BYTES;
  while (!isFree(rows, at) && !hasId(rows, at, id)) at = (at + ROW_BYTES) % rows.byteLength;
  return at;
}

/** Every bit of every word counts: ids that others make may differ in any one of them alone. */
function hashOf(id: IdWords): number {
  let hash = 0;
  for (const word of id) hash = Math.imul(hash ^ (hash >>> 15) ^ word, 0x9e3779b1);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function isFree(rows: DataView, at: number): boolean {
  return rows.getFloat64(at + AT.seq) === 0;
}

function hasId(rows: DataView, at: number, id: IdWords): boolean {
  return id.every((word, index) => rows.getInt32(at + AT.id + 4 * index) === word);
}

function idOf(rows: DataView, at: number): IdWords {
  const word = (index: number) => rows.getInt32(at + AT.id + 4 * index);
  return [word(0), word(1), word(2), word(3)];
}

function doubled(rows: DataView): DataView {
  const larger = emptyRows((2 * rows.byteLength) / ROW_BYTES);
  for (let at = 0; at < rows.byteLength; at += ROW_BYTES) {
    if (isFree(rows, at)) continue;
    const row = new Uint8Array(rows.buffer, at, ROW_BYTES);
    new Uint8Array(larger.buffer).set(row, findRow(larger, idOf(rows, at)));
  }
  return larger;
}

function readRow(rows: DataView, at: number, lists: EntryLists): Ending {
  return {
    kind: rows.getUint8(at + AT.kind) === 1 ? 'settle' : 'release',
    seq: rows.getFloat64(at + AT.seq),
    settledAtMs: rows.getFloat64(at + AT.settledAtMs),
    budgetInstantMs: rows.getFloat64(at + AT.budgetInstantMs),
    charge: {
      amountNanoUsd: rows.getBigInt64(at + AT.amountNanoUsd),
      tokens: rows.getBigInt64(at + AT.tokens),
      requests: rows.getBigInt64(at + AT.requests),
    },
    entries: lists.entriesOf(rows.getUint32(at + AT.entries)),
  };
}

function writeRow(rows: DataView, at: number, id: IdWords, ending: Ending, listNumber: number): void {
  for (let index = 0; index < id.length; index += 1) rows.setInt32(at + AT.id + 4 * index, id[index] ?? 0);
  rows.setUint8(at + AT.kind, ending.kind === 'settle' ? 1 : 0);
  rows.setFloat64(at + AT.seq, ending.seq);
  rows.setFloat64(at + AT.settledAtMs, ending.settledAtMs);
  rows.setFloat64(at + AT.budgetInstantMs, ending.budgetInstantMs);
  const { amountNanoUsd, tokens = 0n, requests = 1n } = ending.charge;
  rows.setBigInt64(at + AT.amountNanoUsd, amountNanoUsd);
  rows.setBigInt64(at + AT.tokens, tokens);
  rows.setBigInt64(at + AT.requests, requests);
  rows.setUint32(at + AT.entries, listNumber);
}

interface EntryLists {
  numberOf(entries: readonly PinnedPeriod[]): number;
  entriesOf(number: number): readonly PinnedPeriod[];
}

/** Attempts of one payer are charged to the same few periods: each list of them is kept once. */
function createEntryLists(): EntryLists {
  const numbers = new Map<string, number>();
  const lists: (readonly PinnedPeriod[])[] = [];
  let last = 0;
  return {
    numberOf: (entries) => {
      // Mostly those of the attempt before.
      if (isSameList(lists[last], entries)) return last;
      const text = entriesToText(entries);
      const known = numbers.get(text);
      last = known ?? lists.push(entries.map(pinnedPeriod)) - 1;
      if (known === undefined) numbers.set(text, last);
      return last;
    },
    entriesOf: (number) => lists[number] ?? [],
  };
}

function isSameList(list: readonly PinnedPeriod[] | undefined, entries: readonly PinnedPeriod[]): boolean {
  if (list?.length !== entries.length) return false;
  for (let index = 0; index < entries.length; index += 1) {
    const [left, right] = [list[index], entries[index]];
    if (left?.key !== right?.key || left?.periodEndMs !== right?.periodEndMs) return false;
    if (left?.paysUpTo !== right?.paysUpTo || left?.paysFrom !== right?.paysFrom) return false;
  }
  return true;
}

/** Without the amounts of a hold, which differ from attempt to attempt; those that a pool had a part in have a list of their own. */
function pinnedPeriod({ key, periodStartMs, periodEndMs, paysUpTo, paysFrom }: PinnedPeriod): PinnedPeriod {
  const period: PinnedPeriod = { key, periodStartMs, periodEndMs };
  if (paysUpTo !== undefined) period.paysUpTo = paysUpTo;
  if (paysFrom !== undefined) period.paysFrom = paysFrom;
  return period;
}
