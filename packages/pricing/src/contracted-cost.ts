import { divideHalfEven, type NanoUsd, PICO_USD_PER_NANO_USD, type PicoUsd } from '@tallygate/usage';
import { FULL_PRICE_PPM, findContract } from './contract-prices.ts';
import type { PriceBook, TokenRates } from './price-book.ts';
import type { Tariff } from './tariff.ts';

/**
 * What is paid, as opposed to what is listed. A discount leaves fractions of a pico-USD, so amounts are kept in a unit in which
 * every percentage of the book and of the contract is whole, and are rounded once, at the end.
 */
const UNITS_PER_PICO_USD = 10_000n * BigInt(FULL_PRICE_PPM);
const UNITS_PER_NANO_USD = UNITS_PER_PICO_USD * PICO_USD_PER_NANO_USD;

/** What one tariff comes to under the contract; list terms where there is none. */
export interface Terms {
  contractId: string | null;
  rates: TokenRates;
  paidPpm: number;
}

/** A price that nobody knew is not discounted: what an agreement does to it is not known either, and list is the dearer reading. */
export function termsOf(book: PriceBook, { price, flags }: Tariff, atMs: number): Terms {
  const contract = flags.includes('unpriced') ? null : findContract(book, price, atMs);
  return {
    contractId: contract?.contractId ?? null,
    rates: contract?.rates ?? price.rates,
    paidPpm: contract?.paidPpm ?? FULL_PRICE_PPM,
  };
}

/** Exact. Percentages of tier and place multiply as they do on list. */
export function contractedUnits(
  { paidPpm }: Terms,
  costPicoUsd: PicoUsd,
  tierPercent: number,
  placePercent: number,
): bigint {
  return costPicoUsd * BigInt(tierPercent * placePercent) * BigInt(paidPpm);
}

/** Fees of tools stand outside the discount, so they are added as listed. Rounded once per line. */
export function nanoFromUnits(units: bigint, feesPicoUsd: PicoUsd = 0n): NanoUsd {
  return divideHalfEven(units + feesPicoUsd * UNITS_PER_PICO_USD, UNITS_PER_NANO_USD);
}

export function nanoFromUnitsUp(units: bigint): NanoUsd {
  return (units + UNITS_PER_NANO_USD - 1n) / UNITS_PER_NANO_USD;
}
