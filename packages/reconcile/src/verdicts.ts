import type { Day } from './day.ts';
import type { Findings } from './findings.ts';
import type { Reconciliation, RequestVerdict, Variance, Verdict } from './reconciliation.ts';
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

/** Attempts that were answered against requests that were counted, by day. */
export interface RequestCount {
  add(day: Day): void;
  verdict(): RequestVerdict;
}

export function createRequestCount(): RequestCount {
  let isCounted = true;
  let [days, unlike] = [0, 0];
  return {
    add({ ours, theirs }) {
      let left = 0;
      for (const row of theirs) {
        if (row.requests === null) isCounted = false;
        else left += row.requests;
      }
      for (const row of ours) left += row.failedAttempts - row.attempts;
      if (theirs.length > 0) days += 1;
      if (left !== 0) unlike += 1;
    },
    verdict() {
      if (!isCounted || days === 0) return 'not_counted';
      return unlike === 0 ? 'agrees' : 'differs';
    },
  };
}
