/**
 * A fact in its frame is what the ledger's insert takes, made and checked when it was recorded: draining copies bytes and parses
 * nothing. Lines of UTF-8, where 2 is the format of the spool:
 *
 *     usage 2             settlement 2      denial 2
 *     [row of a line]     [row]             [row]
 *     [row of a line]
 *     hold, or null
 */
import { type DenialRecord, type Hold, holdSchema, type Settlement, type UsageEvent } from '@tallygate/usage';
import { z } from 'zod';
import { amount, cellsOf, integer, maybeAmount, name, namesOf, rowText } from '../rows/column.ts';
import { denialFromRow, denialRow } from '../rows/denial-row.ts';
import { settlementFromRow, settlementRow } from '../rows/settlement-row.ts';
import { eventFromRows, usageRows } from '../rows/usage-row.ts';
import type { FactRecord } from './record.ts';

/** As it was read: the fields of the fact are decoded when somebody asks for them. */
export type SpooledFact = FactRecord & {
  /** The rows as they are inserted, each with its line end. */
  readonly rows: Buffer;
};

const FIRST_LINE = { outcome: 'usage 2\n', settlement: 'settlement 2\n', denial: 'denial 2\n' };
const LINE_END = 0x0a;

const HOLD = [
  name<Hold>('attemptId', (hold) => hold.attemptId),
  name<Hold>('organization', (hold) => hold.organization),
  name<Hold>('epoch', (hold) => hold.epoch),
  integer<Hold>('budgetInstantMs', (hold) => hold.budgetInstantMs),
  integer<Hold>('expiryBucket', (hold) => hold.expiryBucket),
];
/** A part of a lease has one cell more. */
const LEASED_HOLD = [...HOLD, name<Hold>('leaseId', (hold) => hold.leaseId ?? '')];
type HoldEntry = Hold['entries'][number];
const HOLD_ENTRY = [
  name<HoldEntry>('key', (entry) => entry.key),
  amount<HoldEntry>('expected', (entry) => entry.expected),
  amount<HoldEntry>('worst', (entry) => entry.worst),
  integer<HoldEntry>('periodStartMs', (entry) => entry.periodStartMs),
  integer<HoldEntry>('periodEndMs', (entry) => entry.periodEndMs),
];
/** What a budget and its pool hold together has two cells more. */
const SHARED_ENTRY = [
  ...HOLD_ENTRY,
  maybeAmount<HoldEntry>('paysUpTo', (entry) => entry.paysUpTo),
  maybeAmount<HoldEntry>('paysFrom', (entry) => entry.paysFrom),
];
const HOLD_NAMES = namesOf(HOLD);
const LEASED_HOLD_NAMES = namesOf(LEASED_HOLD);
const HOLD_ENTRY_NAMES = namesOf(HOLD_ENTRY);
const SHARED_ENTRY_NAMES = namesOf(SHARED_ENTRY);

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what the ledger could never hold. */
export function factPayload(fact: FactRecord): string {
  switch (fact.kind) {
    case 'outcome':
      return `${FIRST_LINE.outcome}${usageRows(fact.event).join('\n')}\n${holdText(fact.hold)}`;
    case 'settlement':
      return `${FIRST_LINE.settlement}${settlementRow(fact.settlement)}\n`;
    case 'denial':
      return `${FIRST_LINE.denial}${denialRow(fact.denial)}\n`;
  }
}

/** @returns null for a payload that is none of these. Whole or damaged was settled by its frame: nothing is decoded yet. */
export function factOf(payload: Buffer): SpooledFact | null {
  const start = payload.indexOf(LINE_END) + 1;
  const end = payload.lastIndexOf(LINE_END) + 1;
  const rows = payload.subarray(start, end);
  switch (payload.toString('latin1', 0, start)) {
    case FIRST_LINE.outcome:
      return spooledOutcome(rows, payload.subarray(end));
    case FIRST_LINE.settlement:
      return spooledSettlement(rows);
    case FIRST_LINE.denial:
      return spooledDenial(rows);
    default:
      return null;
  }
}

function spooledOutcome(rows: Buffer, hold: Buffer): SpooledFact {
  let event: UsageEvent | undefined;
  return {
    kind: 'outcome',
    rows,
    get event() {
      event ??= eventFromRows(cellsIn(rows));
      return event;
    },
    get hold() {
      return holdFrom(hold.toString('utf8'));
    },
  };
}

function spooledSettlement(rows: Buffer): SpooledFact {
  let settlement: Settlement | undefined;
  return {
    kind: 'settlement',
    rows,
    get settlement() {
      settlement ??= settlementFromRow(cellsIn(rows)[0]);
      return settlement;
    },
  };
}

function spooledDenial(rows: Buffer): SpooledFact {
  let denial: DenialRecord | undefined;
  return {
    kind: 'denial',
    rows,
    get denial() {
      denial ??= denialFromRow(cellsIn(rows)[0]);
      return denial;
    },
  };
}

function cellsIn(rows: Buffer): unknown[] {
  const lines = rows.toString('utf8').trimEnd().split('\n');
  return lines.map((line): unknown => JSON.parse(line));
}

function holdText(hold: Hold | null): string {
  if (hold === null) return 'null';
  const columns = hold.leaseId === undefined ? HOLD : LEASED_HOLD;
  return `[${[rowText(columns, hold), ...hold.entries.map(entryText)].join(',')}]`;
}

function entryText(entry: HoldEntry): string {
  const isShared = entry.paysUpTo !== undefined || entry.paysFrom !== undefined;
  return rowText(isShared ? SHARED_ENTRY : HOLD_ENTRY, entry);
}

function entryCells(row: unknown): Record<string, unknown> {
  const isShared = Array.isArray(row) && row.length === SHARED_ENTRY_NAMES.length;
  if (!isShared) return cellsOf(HOLD_ENTRY_NAMES, row);
  const cells = cellsOf(SHARED_ENTRY_NAMES, row);
  return Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== null));
}

function holdFrom(text: string): Hold | null {
  if (text === 'null') return null;
  const [hold, ...entries] = z.array(z.unknown()).parse(JSON.parse(text));
  const isLeased = Array.isArray(hold) && hold.length === LEASED_HOLD_NAMES.length;
  return holdSchema.parse({
    ...cellsOf(isLeased ? LEASED_HOLD_NAMES : HOLD_NAMES, hold),
    entries: entries.map(entryCells),
  });
}
