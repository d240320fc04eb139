import type { PicoUsd } from '@tallygate/usage';
import type { CauseName, Reason } from './causes.ts';
import type { TokenCounts } from './token-counts.ts';

/**
 * A finished comparison of what we recorded with what the provider billed.
 *
 * Promise, exact in pico-USD: internal + Σ causes + residual = billed. Every amount of a cause is computed from rows and
 * buckets that its evidence names; none is what happens to be left over. What is left over is the residual.
 *
 * How to read it on: `causes` stand in the order of `CAUSES`, which is the order of the waterfall from ours to the bill; `waterfallOf`
 * gives the same as steps with running totals and what to do next. Sums are exact whatever the range, those of `byKey` too;
 * `evidence` and `unexplained` are examples, the largest, and `places` and `unexplainedPlaces` say how many there are.
 */
export interface Reconciliation {
  version: 2;
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
  coverage: Coverage;
  /** Separate judgements: equal tokens at a wrong price, and unequal ones that happen to cost the same, are both seen. */
  verdicts: { tokens: CountVerdict; money: Verdict; requests: CountVerdict };
  /** What each verdict is about. Null: stored before it was said. */
  differences: Differences | null;
  days: ReconciledDay[];
  variances: Variance[];
  causes: Cause[];
  /** Looked at, and not explained, with the reason: nothing here is in any amount above. */
  unexplained: Unexplained[];
  unexplainedPlaces: number;
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

/** How much of the bill the meter saw. Dark is what keys, workspaces, models and hours without a row of ours cost, at list. */
export interface Coverage {
  /** The bill before discount. */
  listPicoUsd: PicoUsd;
  darkPicoUsd: PicoUsd;
  /** Of the bill, rounded down to hundredths; null where nothing was billed. */
  percent: number | null;
}

/** agrees: no difference at all. explained: differences, all with a cause. differs: something is left. */
export type Verdict = 'agrees' | 'explained' | 'differs';

/** not_counted: the provider's side does not say, as older reports do not count requests, and a file may have amounts alone. */
export type CountVerdict = Verdict | 'not_counted';

/** Null: that verdict is "not_counted", which is no zero. */
export interface Differences {
  tokens: Difference<TokenCounts> | null;
  money: Difference<PicoUsd>;
  /** Theirs against our attempts that were answered. Minutes of the older report count none: what they explain is not explained here. */
  requests: Difference<number> | null;
}

/** Over the whole range: a verdict is by day, so that nothing in sum may still be a surplus here and a shortfall there. */
export interface Difference<Amount> {
  /** theirs − ours. */
  difference: Amount;
  /** How much of it the causes explain. */
  explained: Amount;
  /** What they leave. */
  unexplained: Amount;
}

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

export interface Cause {
  cause: CauseName;
  /** Of "ambiguous": the causes that share its buckets, of which nobody can tell the parts. Empty of any other. */
  between: CauseName[];
  /** Σ over all places, also those that `evidence` leaves out. */
  amountPicoUsd: PicoUsd;
  /** How many findings there are. */
  places: number;
  /** Attempts of ours that they are about. */
  attempts: number;
  /**
   * What each key and workspace has of the amount, all places together: what a bill is allocated by. Null: of none, of all, or not
   * told apart.
   */
  byKey: { apiKeyId: string | null; workspaceId: string | null; amountPicoUsd: PicoUsd }[];
  /** The findings of the largest amounts, at most `MOST_EVIDENCE`. */
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
  /** Null: not told apart. */
  workspaceId: string | null;
  /** Attempts of ours that it is about; 0 where we have none. */
  attempts: number;
  /** The provider's own words for the line, the price that a charge was made by: whatever else names the place. */
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
    | 'from_file'
    | 'incomplete'
    | 'key_unresolved'
    | 'many_gaps'
    | 'totals_moved'
    | 'unknown_counts';
  detail: string;
}
