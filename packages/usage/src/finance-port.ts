import { z } from 'zod';

/**
 * What finance has decided or received, each kind by its own numbers: invoices by their number, periods and the statements that
 * were frozen with them by their month ("2026-10").
 */
const FINANCE_KINDS = ['invoice', 'period', 'statements'] as const;
const financeKindSchema = z.enum(FINANCE_KINDS);

/** Never edited and never removed: a correction is the next number. */
export const financeRecordSchema = z.object({
  organization: z.string().min(1),
  kind: financeKindSchema,
  subject: z.string().min(1).max(200),
  /** 1, 2, 3 … within (kind, subject), without gaps: two who write the same one at the same time are told apart by it. */
  number: z.number().int().min(1),
  recordId: z.string().min(1),
  recordedAtMs: z.number().int().min(0),
  actor: z.string().min(1),
  /** Empty only for the first one of a subject. */
  reason: z.string(),
  /** Its schema belongs to whoever writes the kind. A bigint in it comes back as a decimal string. */
  body: z.unknown(),
});
export type FinanceRecord = z.output<typeof financeRecordSchema>;

export const financeQuerySchema = z.object({
  organization: z.string().min(1),
  kind: financeKindSchema,
  /** Absent: every subject. */
  subject: z.string().min(1).max(200).optional(),
});
export type FinanceQuery = z.output<typeof financeQuerySchema>;

/** Rejects with `TALLYGATE_LEDGER_UNAVAILABLE`; it never answers that nothing is there when it could not look. */
export interface FinanceRecords {
  /**
   * Kept when it resolves. The same record again, by its id, is kept once.
   * @throws TallygateError `TALLYGATE_RECORD_OUTDATED` where the number is somebody else's: read again, and decide again.
   */
  appendFinanceRecord(record: FinanceRecord): Promise<void>;
  /** By subject, then by number. */
  financeRecords(query: FinanceQuery): Promise<FinanceRecord[]>;
}
