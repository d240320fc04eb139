/**
 * A segment as the text of one insert per table. A segment that comes from this process's own spool has its rows already, as
 * bytes; one that came over the wire has facts only, and its rows are made from them.
 */
import type { SealedSegment } from '@tallygate/usage';
import { DENIAL_COLUMNS, denialRow } from './rows/denial-row.ts';
import { SETTLEMENT_COLUMNS, settlementRow } from './rows/settlement-row.ts';
import { USAGE_COLUMNS, usageRows } from './rows/usage-row.ts';
import type { FactRecord } from './spool/record.ts';

/** What FORMAT JSONCompactEachRowWithNames reads; null where the segment has nothing for the table. */
export interface SegmentTexts {
  usage: Buffer | null;
  settlements: Buffer | null;
  denials: Buffer | null;
}

/** Kept beside the segment, not in it: whoever compares or sends a segment sees its facts and nothing else. */
const records = new WeakMap<SealedSegment, readonly FactRecord[]>();

export function keepRows(segment: SealedSegment, facts: readonly FactRecord[]): SealedSegment {
  records.set(segment, facts);
  return segment;
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for a fact that a table cannot hold. */
export function segmentTexts(segment: SealedSegment): SegmentTexts {
  const facts = records.get(segment) ?? factsOf(segment);
  const rows: Record<FactRecord['kind'], Buffer[]> = { outcome: [], settlement: [], denial: [] };
  for (const fact of facts) rows[fact.kind].push('rows' in fact ? (fact.rows as Buffer) : rowsOf(fact));
  return {
    usage: textOf(USAGE_COLUMNS, rows.outcome),
    settlements: textOf(SETTLEMENT_COLUMNS, rows.settlement),
    denials: textOf(DENIAL_COLUMNS, rows.denial),
  };
}

/**
 * The oldest budget instant in a segment; Infinity without an event. Of rows that are bytes only that number is read: the three
 * instants and the status stand together in every row, and no text in one can look like them, since its quotes are escaped.
 */
export function oldestBudgetInstantMs(segment: SealedSegment): number {
  const facts = records.get(segment);
  if (facts === undefined) return Math.min(...segment.events.map(({ budgetInstantMs }) => budgetInstantMs));
  return facts.reduce((oldest, fact) => Math.min(oldest, budgetInstantOf(fact)), Number.POSITIVE_INFINITY);
}

const INSTANTS_AND_STATUS = /,\d+,\d+,(\d+),"(?:ok|error|refused|aborted|unknown)",/;

function budgetInstantOf(fact: FactRecord): number {
  if (fact.kind !== 'outcome') return Number.POSITIVE_INFINITY;
  const found = 'rows' in fact ? INSTANTS_AND_STATUS.exec((fact.rows as Buffer).toString('latin1')) : null;
  return found === null ? fact.event.budgetInstantMs : Number(found[1]);
}

function factsOf(segment: SealedSegment): FactRecord[] {
  return [
    ...segment.events.map((event): FactRecord => ({ kind: 'outcome', event, hold: null })),
    ...segment.settlements.map((settlement): FactRecord => ({ kind: 'settlement', settlement })),
    ...segment.denials.map((denial): FactRecord => ({ kind: 'denial', denial })),
  ];
}

function rowsOf(fact: FactRecord): Buffer {
  switch (fact.kind) {
    case 'outcome':
      return Buffer.from(`${usageRows(fact.event).join('\n')}\n`);
    case 'settlement':
      return Buffer.from(`${settlementRow(fact.settlement)}\n`);
    case 'denial':
      return Buffer.from(`${denialRow(fact.denial)}\n`);
  }
}

/** A row of an earlier version has fewer cells, never other ones: it is told which columns those are, the rest keep their defaults. */
function textOf(columns: readonly string[], rows: readonly Buffer[]): Buffer | null {
  const [first] = rows;
  if (first === undefined) return null;
  const cells = JSON.parse(first.toString('utf8', 0, first.indexOf('\n'))) as unknown[];
  return Buffer.concat([Buffer.from(`${JSON.stringify(columns.slice(0, cells.length))}\n`), ...rows]);
}
