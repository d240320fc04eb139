import type { Findings } from './findings.ts';
import type { OurRow, TheirRow } from './joined-rows.ts';
import { dayOf } from './places.ts';
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
export function requestVerdict(ours: readonly OurRow[], theirs: readonly TheirRow[]): RequestVerdict {
  if (theirs.length === 0 || theirs.some((row) => row.requests === null)) return 'not_counted';
  const left = new Map<number, number>();
  const add = (dayMs: number, count: number) => left.set(dayMs, (left.get(dayMs) ?? 0) + count);
  for (const row of theirs) add(dayOf(row.atMs), row.requests ?? 0);
  for (const row of ours) add(row.atMs, row.failedAttempts - row.attempts);
  return [...left.values()].every((count) => count === 0) ? 'agrees' : 'differs';
}
