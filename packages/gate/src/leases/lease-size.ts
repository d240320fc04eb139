import type { Balance, NanoUsd, ReserveRequest } from '@tallygate/usage';

/** A lease of less is no better than asking for each call. */
const FEWEST_CALLS = 4;

/**
 * For how many calls like this one a lease may be taken: at most half of what is left on each budget, shared with the other
 * leases on it, so that leases shrink as money runs out. 0 where that is not worth one.
 */
export function leasableCalls(
  balances: readonly Balance[],
  { expectedNanoUsd, worstNanoUsd }: ReserveRequest,
  others: number,
  wishedCalls: number,
): number {
  const perCall = expectedNanoUsd > worstNanoUsd ? expectedNanoUsd : worstNanoUsd;
  const shares = balances.map((balance) => leftNanoUsd(balance) / (2n * BigInt(others + 1)) / perCall);
  const calls = Math.min(wishedCalls, ...shares.map(Number));
  return calls < FEWEST_CALLS ? 0 : calls;
}

function leftNanoUsd({ budget, spent, held }: Balance): NanoUsd {
  return budget.limit - spent - held;
}
