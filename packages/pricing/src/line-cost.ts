import type { PicoUsd, TokenUsage } from '@tallygate/usage';
import { notPriceable } from './instant.ts';
import { inEffect, type PriceBook, type TokenRates } from './price-book.ts';

/** What the tokens of one line cost, unrounded and before any discount or surcharge. The one function behind every charge. */
export function tokenCostPicoUsd(rates: TokenRates, usage: TokenUsage): PicoUsd {
  // A write whose lifetime nobody stated is taken for the default one of five minutes.
  const cacheWrite5mTokens = usage.cacheWrite5mInputTokens + usage.cacheWriteUnsplitInputTokens;
  return (
    classCostPicoUsd(usage.uncachedInputTokens, rates.uncachedInputPicoUsd) +
    classCostPicoUsd(usage.cacheReadInputTokens, rates.cacheReadPicoUsd) +
    classCostPicoUsd(cacheWrite5mTokens, rates.cacheWrite5mPicoUsd) +
    classCostPicoUsd(usage.cacheWrite1hInputTokens, rates.cacheWrite1hPicoUsd) +
    classCostPicoUsd(usage.outputTokens, rates.outputPicoUsd)
  );
}

/** Most lines use few of the classes, and arithmetic of bigint is what pricing spends its time on. */
function classCostPicoUsd(tokens: number, ratePicoUsd: PicoUsd): PicoUsd {
  return tokens === 0 ? 0n : BigInt(tokens) * ratePicoUsd;
}

/** After discount and surcharge. Exact: `parsePriceBook` has refused every rate that these percentages would break. */
export function scaledCostPicoUsd(costPicoUsd: PicoUsd, tierPercent: number, placePercent: number): PicoUsd {
  return (costPicoUsd * BigInt(tierPercent * placePercent)) / 10_000n;
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
