import { z } from 'zod';

const instantMs = z.number().int();

/** What was asked: the same question again is another version of the same report. */
export const reportQuestionSchema = z.object({
  organization: z.string().min(1),
  /** The report and how it was asked for, all that makes its rows other rows: "cost_report?group_by=description". */
  report: z.string().min(1),
  fromMs: instantMs,
  toMs: instantMs,
});
export type ReportQuestion = z.output<typeof reportQuestionSchema>;

export const reportVersionSchema = reportQuestionSchema.extend({
  pulledAtMs: instantMs,
  /** SHA-256 of the stored body, in hexadecimal. */
  bodyHash: z.string().length(64),
});
export type ReportVersion = z.output<typeof reportVersionSchema>;

/** A report as it was answered, whole. A bigint in it comes back as a decimal string. */
export interface ReportPull extends ReportQuestion {
  pulledAtMs: number;
  body: unknown;
}

export interface StoredReportVersion extends ReportVersion {
  body: unknown;
}

/** The fields of a row and of what encloses it, by their path: { "data.starting_at": "2026-10-14", "data.results.amount": "1.5" }. */
export type ReportRow = Record<string, string | number | boolean | null>;

/** What one version says and the other does not. A row whose amount changed is both: removed as it was, added as it is. */
export interface ReportDrift {
  removed: ReportRow[];
  added: ReportRow[];
}

/**
 * The provider's reports, every version of each, for good. Rejects with `TALLYGATE_LEDGER_UNAVAILABLE`, also where a stored body is
 * not the one that was hashed.
 */
export interface ReportVersions {
  /** Kept when it resolves. The same pull again, by instant and body, is the same version. */
  append(pull: ReportPull): Promise<ReportVersion>;
  /** Of exactly that question; null before the first. */
  newest(question: ReportQuestion): Promise<StoredReportVersion | null>;
  /** Every version whose range overlaps [from, to): by report and range, the oldest pull first. */
  list(range: { organization: string; fromMs: number; toMs: number }): Promise<ReportVersion[]>;
  /** Null where there is no such version. */
  read(version: ReportVersion): Promise<StoredReportVersion | null>;
  /**
   * In whatever order either has its rows. @param ignored paths that say nothing about usage, as "data_refreshed_at" does.
   * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for versions of two questions, and for one that is not there.
   */
  drift(earlier: ReportVersion, later: ReportVersion, ignored: readonly string[]): Promise<ReportDrift>;
}
