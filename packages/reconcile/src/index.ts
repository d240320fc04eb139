export { CAUSES, type CauseName, REASONS, type Reason } from './causes.ts';
export {
  type ComparedDays,
  createDayComparison,
  type DayComparison,
  type DifferingDay,
} from './compare-days.ts';
export { describeCause, meaningOf } from './describe-cause.ts';
export { FINAL_AFTER_MS } from './places.ts';
export { reconcile } from './reconcile.ts';
export { type BillInput, reconcileBill } from './reconcile-bill.ts';
export {
  CHARGE_GROUPS,
  type DaySides,
  INTERNAL_GROUPS,
  MINUTE_GROUPS,
  type MinuteStretch,
  PLACE_GROUPS,
  type PriceTokens,
  type RangeTerms,
  type ReconcileInput,
  USAGE_GROUPS,
  WORKSPACE_GROUPS,
} from './reconcile-input.ts';
export type {
  Cause,
  Caveat,
  Counted,
  Coverage,
  DayState,
  Evidence,
  ReconciledDay,
  Reconciliation,
  ReportFreshness,
  RequestVerdict,
  Unexplained,
  Variance,
  Verdict,
} from './reconciliation.ts';
export { type Suspects, suspectsOf } from './suspects.ts';
export {
  addTokens,
  countsBy,
  NO_TOKENS,
  sameTokens,
  sumTokens,
  TOKEN_CLASSES,
  type TokenClass,
  type TokenCounts,
} from './token-counts.ts';
export { type WaterfallStep, waterfallOf } from './waterfall.ts';
