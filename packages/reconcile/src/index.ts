export { CAUSES, type CauseName, REASONS, type Reason } from './causes.ts';
export {
  type ComparedDays,
  createDayComparison,
  type DayComparison,
  type DifferingDay,
} from './compare-days.ts';
export { describeCause, meaningOf } from './describe-cause.ts';
export type { FindingListener } from './findings.ts';
export { type Group, groupRows } from './group-rows.ts';
export { noneNeeded } from './next-action.ts';
export { createPairs } from './pairs.ts';
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
  CountVerdict,
  Coverage,
  DayState,
  Differences,
  Evidence,
  ReconciledDay,
  Reconciliation,
  ReportFreshness,
  Unexplained,
  Variance,
  Verdict,
} from './reconciliation.ts';
export { type Suspects, suspectsOf } from './suspects.ts';
export {
  addInto,
  addTokens,
  countsBy,
  isNothing,
  NO_TOKENS,
  noTokens,
  sameTokens,
  subtractFrom,
  sumTokens,
  TOKEN_CLASSES,
  type TokenClass,
  type TokenCounts,
} from './token-counts.ts';
export { addUnknownCounts } from './unknown-counts.ts';
export { type WaterfallStep, waterfallOf } from './waterfall.ts';
