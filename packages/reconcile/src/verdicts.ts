import type { Findings } from './findings.ts';
import type { CountVerdict, Reconciliation, Variance, Verdict } from './reconciliation.ts';
import type { RequestDifferences } from './request-count.ts';
import { isNothing, sameTokens } from './token-counts.ts';

/** Judged per day and model: a surplus here does not make up for a shortfall there. */
export function tokenVerdict(variances: readonly Variance[], findings: Findings): Verdict {
  const unlike = variances.filter(({ difference }) => !isNothing(difference));
  if (unlike.length === 0) return 'agrees';
  const isExplained = ({ dayMs, model, difference }: Variance) =>
    sameTokens(difference, findings.explainedTokens(dayMs, model));
  return variances.every(isExplained) ? 'explained' : 'differs';
}

type Money = Pick<Reconciliation, 'residualPicoUsd' | 'tolerancePicoUsd'>;

/** A total of zero made of two opposite variances does not agree; it may be explained. */
export function moneyVerdict(
  { residualPicoUsd, tolerancePicoUsd }: Money,
  variances: readonly Variance[],
): Verdict {
  if (variances.every(({ variancePicoUsd }) => variancePicoUsd === 0n)) return 'agrees';
  const magnitude = residualPicoUsd < 0n ? -residualPicoUsd : residualPicoUsd;
  return magnitude <= tolerancePicoUsd ? 'explained' : 'differs';
}

/** By day, as tokens are by day and model. */
export function requestVerdict(differences: RequestDifferences, findings: Findings): CountVerdict {
  if (differences === null) return 'not_counted';
  const days = [...differences];
  if (days.every(([, difference]) => difference === 0)) return 'agrees';
  const isExplained = ([dayMs, difference]: [number, number]) =>
    difference === findings.explainedRequests(dayMs);
  return days.every(isExplained) ? 'explained' : 'differs';
}
