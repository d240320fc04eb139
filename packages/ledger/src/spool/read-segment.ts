/** A segment file as facts, and what of it cannot be read. */
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SealedSegment } from '@tallygate/usage';
import { keepRows } from '../segment-rows.ts';
import { type ByteRange, scanFrames } from './frame.ts';
import { decodeRecord, type FactRecord } from './record.ts';

export interface ReadSegment {
  bytes: Buffer;
  /** Every fact in the order it was recorded; the header is not among them. */
  records: FactRecord[];
  /** Damage in the middle, or at the end of a file that had been sealed. */
  damage: ByteRange[];
}

export type { FactRecord };
export type OutcomeRecord = Extract<FactRecord, { kind: 'outcome' }>;

/** Reading takes a few µs a record: the application's own work gets a turn after each such batch. */
const RECORDS_PER_TURN = 500;

/** @throws TallygateError `TALLYGATE_VERSION_UNSUPPORTED`, and errors of the file system. */
export async function readSegment(path: string): Promise<ReadSegment> {
  const bytes = await readFile(path);
  const scan = scanFrames(bytes);
  const result: ReadSegment = { bytes, records: [], damage: [...scan.damage] };
  for (const [index, frame] of scan.frames.entries()) {
    if (index % RECORDS_PER_TURN === RECORDS_PER_TURN - 1) await nextTurn();
    const record = decodeRecord(frame.payload);
    if (record === null) result.damage.push(frame.range);
    else if (record.kind !== 'header') result.records.push(record);
  }
  return result;
}

/** The rows travel as they were written; the facts are decoded only for a destination that looks at them. */
export function sealedSegment(token: string, records: readonly FactRecord[]): SealedSegment {
  let decoded: Omit<SealedSegment, 'token'> | undefined;
  const facts = () => {
    decoded ??= factsIn(records);
    return decoded;
  };
  const segment: SealedSegment = {
    token,
    get events() {
      return facts().events;
    },
    get settlements() {
      return facts().settlements;
    },
    get denials() {
      return facts().denials;
    },
  };
  return keepRows(segment, records);
}

function factsIn(records: readonly FactRecord[]): Omit<SealedSegment, 'token'> {
  const facts: Omit<SealedSegment, 'token'> = { events: [], settlements: [], denials: [] };
  for (const record of records) {
    if (record.kind === 'outcome') facts.events.push(record.event);
    else if (record.kind === 'settlement') facts.settlements.push(record.settlement);
    else facts.denials.push(record.denial);
  }
  return facts;
}
