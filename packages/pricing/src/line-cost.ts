import type { PicoUsd, TokenUsage } from '@tallygate/usage';
import { notPriceable } from './instant.ts';
import { inEffect, type PriceBook, type TokenRates } from './price-book.ts';

/** What the tokens of one line cost, unrounded. The one function behind every charge and every estimate. */
export function tokenCostPicoUsd(rates: TokenRates, usage: TokenUsage): PicoUsd {
  // A write whose lifetime nobody stated is taken for the default one of five minutes.
  const cacheWrite5mTokens =
    BigInt(usage.cacheWrite5mInputTokens) + BigInt(usage.cacheWriteUnsplitInputTokens);
  return (
    BigInt(usage.uncachedInputTokens) * rates.uncachedInputPicoUsd +
    BigInt(usage.cacheReadInputTokens) * rates.cacheReadPicoUsd +
    cacheWrite5mTokens * rates.cacheWrite5mPicoUsd +
    BigInt(usage.cacheWrite1hInputTokens) * rates.cacheWrite1hPicoUsd +
    BigInt(usage.outputTokens) * rates.outputPicoUsd
  );
}

/** Rates after discount and surcharge. Exact: `parsePriceBook` has refused every rate that these percentages would break. */
export function scaleRates(rates: TokenRates, batchPercent: number, placePercent: number): TokenRates {
  const percentProduct = BigInt(batchPercent * placePercent);
  const scale = (ratePicoUsd: PicoUsd): PicoUsd => (ratePicoUsd * percentProduct) / 10_000n;
  return {
    uncachedInputPicoUsd: scale(rates.uncachedInputPicoUsd),
    cacheReadPicoUsd: scale(rates.cacheReadPicoUsd),
    cacheWrite5mPicoUsd: scale(rates.cacheWrite5mPicoUsd),
    cacheWrite1hPicoUsd: scale(rates.cacheWrite1hPicoUsd),
    outputPicoUsd: scale(rates.outputPicoUsd),
  };
}

/** The largest of some amounts; 0 of none. Math.max knows no bigint. */
export function dearest(amountsPicoUsd: readonly PicoUsd[]): PicoUsd {
  let most = 0n;
  for (const amountPicoUsd of amountsPicoUsd) if (amountPicoUsd > most) most = amountPicoUsd;
  return most;
}

/** Fees are per search, whatever the tier, the speed or the place of the call. */
export function webSearchCostPicoUsd(book: PriceBook, atMs: number, searches: number): PicoUsd {
  const fee = book.webSearchFees.find((candidate) => inEffect(candidate, atMs));
  // `parsePriceBook` has made sure of a fee for every instant: without one this is no instant, and not a free search.
  if (!fee) throw notPriceable(atMs);
  return BigInt(searches) * fee.perSearchPicoUsd;
}
