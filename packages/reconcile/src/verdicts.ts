import type { Cause, Reconciliation, Variance, Verdict } from './reconciliation.ts';
import { addTokens, isNothing, NO_TOKENS, subtractTokens, type TokenCounts } from './token-counts.ts';

/** Judged per day and model: a surplus here does not make up for a shortfall there. */
export function tokenVerdict(variances: readonly Variance[], causes: readonly Cause[]): Verdict {
  if (variances.every(({ difference }) => isNothing(difference))) return 'agrees';
  const left = new Map<string, TokenCounts>();
  const keyOf = (item: { dayMs: number; model: string | null }) => JSON.stringify([item.dayMs, item.model]);
  const addTo = (key: string, tokens: TokenCounts) =>
    left.set(key, addTokens(left.get(key) ?? NO_TOKENS, tokens));
  for (const variance of variances) addTo(keyOf(variance), variance.difference);
  for (const item of causes.flatMap(({ evidence }) => evidence)) {
    addTo(keyOf(item), subtractTokens(item.charged.tokens, item.actual.tokens));
  }
  return [...left.values()].every(isNothing) ? 'explained' : 'differs';
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
