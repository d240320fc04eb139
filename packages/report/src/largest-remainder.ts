import { TallygateError } from '@tallygate/usage';

/** What one line was given. */
export interface Share {
  key: string;
  /** Whole units. */
  amount: bigint;
  /** amount − exact share, in thousandths of a unit, cut off. */
  roundingThousandths: bigint;
}

/**
 * Splits whole units by weight, so that they add up to the total to the last unit: each line gets the whole part of its share, and
 * what is left goes one by one to the largest fractions, of equal ones to the smaller key. A negative total is split as its absolute
 * value is, and negated.
 *
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for a total other than 0 and weights that add up to 0: nothing says who bears it.
 */
export function apportion(total: bigint, weights: readonly { key: string; weight: bigint }[]): Share[] {
  const sum = weights.reduce((added, { weight }) => added + weight, 0n);
  if (sum === 0n && total !== 0n)
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: 'Weights that add up to nothing share nothing out.',
    });
  const sign = sum < 0n ? -1n : 1n;
  const denominator = sum === 0n ? 1n : sum * sign;
  const parts = weights.map(({ key, weight }) => ({ key, numerator: total * weight * sign }));
  return roundedTo(total, parts, denominator);
}

/** Rounds numerator/denominator of each line to whole units that add up to the total, which is their exact sum, rounded. */
export function roundedTo(
  total: bigint,
  parts: readonly { key: string; numerator: bigint }[],
  denominator: bigint,
): Share[] {
  const sign = total < 0n ? -1n : 1n;
  const floors = parts.map(({ key, numerator }) => {
    const rest = (((numerator * sign) % denominator) + denominator) % denominator;
    return { key, numerator, rest, whole: (numerator * sign - rest) / denominator };
  });
  const left = total * sign - floors.reduce((sum, { whole }) => sum + whole, 0n);
  const first = new Set([...floors].sort(byRestThenKey).slice(0, Number(left)));
  return floors.map((line) => {
    const amount = sign * (line.whole + (first.has(line) ? 1n : 0n));
    const roundingThousandths = ((amount * denominator - line.numerator) * 1_000n) / denominator;
    return { key: line.key, amount, roundingThousandths };
  });
}

function byRestThenKey(left: { key: string; rest: bigint }, right: { key: string; rest: bigint }): number {
  if (left.rest !== right.rest) return left.rest > right.rest ? -1 : 1;
  return left.key < right.key ? -1 : 1;
}
