/** A segment file as facts, and what of it cannot be read. */
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SealedSegment } from '@tallygate/usage';
import { type ByteRange, scanFrames } from './frame.ts';
import { decodeRecord, type SpoolRecord } from './record.ts';

export interface ReadSegment {
  bytes: Buffer;
  /** Every fact in the order it was recorded; the header is not among them. */
  records: FactRecord[];
  /** Damage in the middle, or at the end of a file that had been sealed. */
  damage: ByteRange[];
}

export type FactRecord = Exclude<SpoolRecord, { kind: 'header' }>;
export type OutcomeRecord = Extract<SpoolRecord, { kind: 'outcome' }>;

/** Decoding takes some 20 µs a record: the application's own work gets a turn after each such batch. */
const RECORDS_PER_TURN = 200;

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

export function sealedSegment(token: string, records: readonly FactRecord[]): SealedSegment {
  const segment: SealedSegment = { token, events: [], settlements: [], denials: [] };
  for (const record of records) {
    if (record.kind === 'outcome') segment.events.push(record.event);
    else if (record.kind === 'settlement') segment.settlements.push(record.settlement);
    else segment.denials.push(record.denial);
  }
  return segment;
}
