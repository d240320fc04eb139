import type { AdminApi } from '@tallygate/admin-api';
import type { FindingListener } from '@tallygate/reconcile';
import type { VarianceStatement } from '@tallygate/report';
import type { CliRuntime } from './context.ts';
import type { TimeRange } from './time-range.ts';

/** What the command says about a finished reconciliation. */
export interface ReconciledDays {
  variance: VarianceStatement;
  withinTolerance: boolean;
  /** What a reader must know beside the table: the verdict first, then what limits it. */
  remarks: readonly string[];
  /** What somebody can do about each step, in their order. */
  nextActions: readonly { name: string; nextAction: string }[];
  /** The whole of it, for `--json`. */
  document: Record<string, unknown>;
}

export interface ReconcileRequest {
  runtime: CliRuntime;
  adminApi: AdminApi;
  /** Whole UTC days. */
  range: TimeRange;
  onProgress(message: string): void;
  listener?: FindingListener | undefined;
}

/** Pulls the provider's reports and explains the difference. Rejects rather than answer for a part of the range. */
export type ReconcileDays = (request: ReconcileRequest) => Promise<ReconciledDays>;
