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

export function amountsOf(sums: Sums): Amount[] {
  const entries = [...sums].filter(([, picoUsd]) => picoUsd !== 0n);
  return entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([cause, picoUsd]) => ({ cause, usd: usdFromPico(picoUsd) }));
}

/** @param usd a decimal without a sign, of at most twelve fraction digits. */
export function picoFromUsd(usd: string): bigint {
  const [whole = '', fraction = ''] = usd.split('.');
  return BigInt(whole + fraction.padEnd(12, '0'));
}
