import { usdFromPico } from '@tallygate/usage';

/** An exact amount by its cause, in USD with every digit. */
export interface Amount {
  cause: string;
  usd: string;
}

/** Sums by cause, in pico-USD. */
export type Sums = Map<string, bigint>;

export function addTo(sums: Sums, cause: string, picoUsd: bigint): void {
  sums.set(cause, (sums.get(cause) ?? 0n) + picoUsd);
}

/** Roundings may cancel each other out, which is no difference; what is known to have happened stands here with nothing, too. */
export function amountsOf(sums: Sums): Amount[] {
  const told = [...sums].filter(([cause, picoUsd]) => cause !== 'rounding' || picoUsd !== 0n);
  const inOrder = told.sort(([a], [b]) => (a < b ? -1 : 1));
  return inOrder.map(([cause, picoUsd]) => ({ cause, usd: usdFromPico(picoUsd) }));
}

/** @param usd a decimal without a sign, of at most twelve fraction digits. */
export function picoFromUsd(usd: string): bigint {
  const [whole = '', fraction = ''] = usd.split('.');
  return BigInt(whole + fraction.padEnd(12, '0'));
}
