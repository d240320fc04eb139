export { describeCause } from './describe-cause.ts';
export { reconcile } from './reconcile.ts';
export {
  INTERNAL_GROUPS,
  type MinuteStretch,
  type PriceTokens,
  type ReconcileInput,
  USAGE_GROUPS,
} from './reconcile-input.ts';
export {
  CAUSES,
  type Cause,
  type CauseName,
  type Caveat,
  type Counted,
  type DayState,
  type Evidence,
  REASONS,
  type Reason,
  type ReconciledDay,
  type Reconciliation,
  type ReportFreshness,
  type Unexplained,
  type Variance,
  type Verdict,
} from './reconciliation.ts';
export { addTokens, NO_TOKENS, TOKEN_CLASSES, type TokenClass, type TokenCounts } from './token-counts.ts';
