/** Segments that are nowhere but in memory: the one that is filled, and those that wait for the ledger. */
import { contractedCostNanoUsd, type SealedSegment } from '@tallygate/usage';
import { foldFacts } from './fold.ts';
import { type FactRecord, sealedSegment } from './read-segment.ts';
import { encodeRecord, endsHold } from './record.ts';
import type { UnsettledOutcome } from './recover.ts';
import { segmentToken } from './segment-file.ts';
import type { SpoolParts } from './spool-parts.ts';

export interface MemorySegments {
  parts: SpoolParts;
  spoolId: string;
  lastNumber: number;
  open: FactRecord[];
  openBytes: number;
  ready: { segment: SealedSegment; records: number; bytes: number }[];
  unsettled: Map<string, UnsettledOutcome & { sinceMs: number }>;
  /** Records that nobody will ever have. */
  lost: number;
}

/** Folded, they may grow to this many times their bound before they are dropped: the memory is the application's. */
const HARD_BOUND_FACTOR = 2;

/** @returns whether a segment is due. @throws TallygateError `TALLYGATE_REQUEST_INVALID` */
export function addFact(own: MemorySegments, fact: FactRecord): boolean {
  const { parts, unsettled } = own;
  const bytes = encodeRecord(fact).length;
  if (fact.kind === 'outcome' && fact.hold !== null) {
    unsettled.set(fact.event.eventId, {
      event: fact.event,
      hold: fact.hold,
      sinceMs: parts.clock.monotonicMs(),
    });
  }
  if (fact.kind === 'settlement' && endsHold(fact.settlement)) unsettled.delete(fact.settlement.attemptId);
  const mostBytes = parts.full === 'drop' ? parts.maxBytes : HARD_BOUND_FACTOR * parts.maxBytes;
  if (bytesIn(own) >= mostBytes) {
    lose(own, fact);
    return false;
  }
  own.open.push(fact);
  own.openBytes += bytes;
  return own.open.length >= parts.sealRows || own.openBytes >= parts.sealBytes;
}

export function sealOpen(own: MemorySegments): void {
  if (own.open.length === 0) return;
  own.lastNumber += 1;
  const token = segmentToken(own.spoolId, own.lastNumber);
  const facts = isFull(own) ? foldFacts(own.open, token, () => true) : own.open;
  // Folding saves what it saves: no second encoding just to know how much.
  const bytes = Math.ceil((own.openBytes * facts.length) / own.open.length);
  own.ready.push({ segment: sealedSegment(token, facts), records: facts.length, bytes });
  own.open = [];
  own.openBytes = 0;
}

export function bytesIn({ ready, openBytes }: MemorySegments): number {
  return ready.reduce((sum, { bytes }) => sum + bytes, openBytes);
}

export function isFull(own: MemorySegments): boolean {
  return bytesIn(own) >= own.parts.maxBytes;
}

/** Records that are neither in the ledger nor lost. */
export function waitingIn({ ready, open }: MemorySegments): number {
  return ready.reduce((sum, { records }) => sum + records, open.length);
}

/** Nobody can put it back: it is told each time. */
function lose(own: MemorySegments, fact: FactRecord): void {
  own.lost += 1;
  const costNanoUsd = fact.kind === 'outcome' ? contractedCostNanoUsd(fact.event).toString() : null;
  own.parts.logger.error('usage is lost: the spool in memory is full', { kind: fact.kind, costNanoUsd });
}
