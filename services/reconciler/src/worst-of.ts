import type { Reconciliation } from 'tallygate';

const ORDER = ['agrees', 'explained', 'differs'];

/** Of several organizations of the provider, the one that somebody should look at. */
export function worstOf(results: readonly Reconciliation[]): Reconciliation {
  const [worst] = results.toSorted((left, right) => badness(right) - badness(left));
  if (worst === undefined) throw new TypeError('Nothing was reconciled.');
  return worst;
}

/** A difference in money weighs more than one in tokens. */
function badness({ verdicts: { tokens, money } }: Reconciliation): number {
  return ORDER.indexOf(money) * ORDER.length + ORDER.indexOf(tokens);
}
