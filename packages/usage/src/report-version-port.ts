import { z } from 'zod';

const instantMs = z.number().int();

/** What was asked: the same question again is another version of the same report. */
export const reportQuestionSchema = z.object({
  organization: z.string().min(1),
  /** Whose report it is, of those that are billed for one organization of ours; empty: the provider did not say. */
  providerOrganizationId: z.string(),
  /** The report and how it was asked for, all that makes its rows other rows: "cost_report?group_by=description". */
  report: z.string().min(1),
  fromMs: instantMs,
  toMs: instantMs,
});
export type ReportQuestion = z.output<typeof reportQuestionSchema>;

export const reportVersionSchema = reportQuestionSchema.extend({
  pulledAtMs: instantMs,
  /** SHA-256 of the stored body, in hexadecimal. */
  bodyHash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ReportVersion = z.output<typeof reportVersionSchema>;

/** A report as it was answered, whole. A bigint in it comes back as a decimal string. */
export const reportPullSchema = reportQuestionSchema.extend({ pulledAtMs: instantMs, body: z.unknown() });
export type ReportPull = z.output<typeof reportPullSchema>;

export const storedReportVersionSchema = reportVersionSchema.extend({ body: z.unknown() });
export type StoredReportVersion = z.output<typeof storedReportVersionSchema>;

/**
 * The provider's reports, every version of each, for good. Rejects with `TALLYGATE_LEDGER_UNAVAILABLE`, also where a stored body is
 * not the one that was hashed.
 */
export interface ReportVersions {
  /** Kept when it resolves. The same pull again, by instant and body, is the same version. */
  append(pull: ReportPull): Promise<ReportVersion>;
  /** Of exactly that question; null before the first. */
  newest(question: ReportQuestion): Promise<StoredReportVersion | null>;
  /** Every version whose range overlaps [from, to): by provider organization, report and range, the oldest pull first. */
  list(range: { organization: string; fromMs: number; toMs: number }): Promise<ReportVersion[]>;
  /** Null where there is no such version. */
  read(version: ReportVersion): Promise<StoredReportVersion | null>;
}
