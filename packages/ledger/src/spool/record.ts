/** What a frame of the spool says: the header of its file, or one fact. Checked when written, so that it can always be read. */
import {
  denialRecordSchema,
  holdSchema,
  type Settlement,
  settlementSchema,
  TallygateError,
  usageEventSchema,
} from '@tallygate/usage';
import { z } from 'zod';
import { factOf, factPayload, type SpooledFact } from './fact-payload.ts';
import { encodeFrame } from './frame.ts';

/** Version of the spool's layout. A file of a newer one is left alone for the version that wrote it. */
export const SPOOL_FORMAT = 2;

const headerSchema = z.object({
  kind: z.literal('header'),
  format: z.number().int().min(1),
  spoolId: z.string(),
  segment: z.number().int().min(1),
  createdAtMs: z.number().int(),
});

export const factSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('outcome'), event: usageEventSchema, hold: holdSchema.nullable() }),
  z.object({ kind: z.literal('settlement'), settlement: settlementSchema }),
  z.object({ kind: z.literal('denial'), denial: denialRecordSchema }),
]);

const recordSchema = z.discriminatedUnion('kind', [headerSchema, factSchema]);
export type SpoolRecord = z.output<typeof recordSchema>;
export type FactRecord = z.output<typeof factSchema>;

const BRACE = 0x7b;

/** Enough of a header of any version to refuse what is too new. */
const formatSchema = z.object({ kind: z.literal('header'), format: z.number() });

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what could never be stored: better now, to its caller, than later to nobody. */
export function encodeRecord(record: SpoolRecord): Buffer {
  return encodeFrame(record.kind === 'header' ? JSON.stringify(record) : factPayload(record));
}

/**
 * @returns null for a payload that is no record.
 * @throws TallygateError `TALLYGATE_VERSION_UNSUPPORTED` for a newer header.
 */
export function decodeRecord(payload: Buffer): SpoolRecord | SpooledFact | null {
  // Format 1 had its facts as JSON, too.
  if (payload[0] !== BRACE) return factOf(payload);
  const json = parseJson(payload);
  const header = formatSchema.safeParse(json);
  if (header.success && header.data.format > SPOOL_FORMAT) {
    throw new TallygateError('TALLYGATE_VERSION_UNSUPPORTED', {
      message: `A spool file has format ${header.data.format}; this version reads up to ${SPOOL_FORMAT}.`,
    });
  }
  const record = recordSchema.safeParse(json);
  return record.success ? record.data : null;
}

/** Whether it ends the hold of its attempt. An adjustment comes on top of a settlement and ends nothing. */
export function endsHold(settlement: Settlement): boolean {
  return settlement.kind !== 'adjust';
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return null;
  }
}
