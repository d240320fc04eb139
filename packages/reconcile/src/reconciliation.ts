import type { PicoUsd } from '@tallygate/usage';
import type { TokenCounts } from './token-counts.ts';

/**
 * A finished comparison of what we recorded with what the provider billed.
 *
 * Promise, exact in pico-USD: internal + Σ explained + residual = billed. Every explained amount is computed from rows and
 * buckets that its evidence names; none is what happens to be left over. What is left over is the residual.
 */
export interface Reconciliation {
  version: 1;
  organization: string;
  /** [fromMs, toMs): whole UTC days. */
  fromMs: number;
  toMs: number;
  createdAtMs: number;
  /** Σ rounded list cost of our rows on the provider's own API. Partner clouds send their own bills. */
  internalPicoUsd: PicoUsd;
  billedPicoUsd: PicoUsd;
  /** billed − internal. */
  variancePicoUsd: PicoUsd;
  explainedPicoUsd: PicoUsd;
  residualPicoUsd: PicoUsd;
  /** How far from zero a residual may be and still count as explained. */
  tolerancePicoUsd: PicoUsd;
  /** Two separate judgements: equal tokens at a wrong price, and unequal ones that happen to cost the same, are both seen. */
  verdicts: { tokens: Verdict; money: Verdict };
  days: ReconciledDay[];
  variances: Variance[];
  causes: Cause[];
  /** Looked at, and not explained, with the reason: nothing here is in any amount above. */
  unexplained: Unexplained[];
  /** Our rows that this bill cannot hold. */
  elsewhere: { backend: string; listCostPicoUsd: PicoUsd }[];
  caveats: Caveat[];
  /** Of the provider's figures, by the report that they are from. */
  freshness: ReportFreshness[];
}

/** How far a report's figures reach, and when it was read. */
export interface ReportFreshness {
  report: string;
  readAtMs: number;
  /** What comes later is incomplete. Null: the report does not say; the provider shows usage about five minutes after it. */
  completeToMs: number | null;
}

/** agrees: no difference at all. explained: differences, all with a cause. differs: something is left. */
export type Verdict = 'agrees' | 'explained' | 'differs';

/** open: usage may still arrive. provisional: complete, the provider may still adjust it. settled: 30 days have passed. */
export type DayState = 'open' | 'provisional' | 'settled';

export interface ReconciledDay {
  dayMs: number;
  state: DayState;
}

/** One line of the join. Token costs stand per model; every other kind of cost on a line of its own, without a model. */
export interface Variance {
  dayMs: number;
  /** In the provider's words: "tokens", "web_search", "code_execution", … */
  costType: string;
  model: string | null;
  ours: TokenCounts;
  theirs: TokenCounts;
  /** theirs − ours, per class. */
  difference: TokenCounts;
  internalPicoUsd: PicoUsd;
  billedPicoUsd: PicoUsd;
  /** billed − internal. */
  variancePicoUsd: PicoUsd;
}

export const CAUSES = [
  'aborted_estimate',
  'discount',
  'priority_tier',
  'rounding',
  'unmetered_key',
  'unmetered_product',
] as const;
export type CauseName = (typeof CAUSES)[number];

export interface Cause {
  cause: CauseName;
  /** Σ of the evidence's amounts. */
  amountPicoUsd: PicoUsd;
  evidence: Evidence[];
}

/** One finding: what we had charged, what it truly is, and where both were read. */
export interface Evidence {
  /** [fromMs, toMs) that was looked at, within the UTC day `dayMs`. */
  dayMs: number;
  fromMs: number;
  toMs: number;
  model: string | null;
  apiKeyId: string | null;
  /** Attempts of ours that it is about; 0 where we have none. */
  attempts: number;
  /** The provider's own words for the line, where it has any. */
  description: string | null;
  charged: Counted;
  actual: Counted;
  /** actual − charged. */
  amountPicoUsd: PicoUsd;
}

export interface Counted {
  tokens: TokenCounts;
  amountPicoUsd: PicoUsd;
}

export const REASONS = [
  'at_edge',
  'charge_not_reproduced',
  'key_unknown',
  'not_reported',
  'own_keys_unknown',
  'price_ambiguous',
  'shared_bucket',
  'too_fresh',
] as const;
export type Reason = (typeof REASONS)[number];

export interface Unexplained {
  cause: CauseName;
  reason: Reason;
  dayMs: number;
  fromMs: number;
  toMs: number;
  model: string | null;
  apiKeyId: string | null;
  attempts: number;
}

/** Something a reader must know before trusting a figure. */
export interface Caveat {
  caveat:
    | 'api_keys_not_offered'
    | 'drifted_after_final'
    | 'incomplete'
    | 'key_unresolved'
    | 'totals_moved'
    | 'unknown_counts';
  detail: string;
}
