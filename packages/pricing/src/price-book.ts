import type { PicoUsd } from '@tallygate/usage';
import type { ContractPrice } from './contract-prices.ts';

/** What one token of each class costs before any surcharge or discount: integer pico-USD, so that sums are exact. */
export interface TokenRates {
  readonly uncachedInputPicoUsd: PicoUsd;
  readonly cacheReadPicoUsd: PicoUsd;
  readonly cacheWrite5mPicoUsd: PicoUsd;
  readonly cacheWrite1hPicoUsd: PicoUsd;
  readonly outputPicoUsd: PicoUsd;
}

export type PromptBand = 'standard' | 'long';
export type Confidence = 'high' | 'medium' | 'low';

/** In effect during [startMs, endMs), which may be infinite on either side. */
export interface Dated {
  readonly startMs: number;
  readonly endMs: number;
}

/** One row of the book, with everything it takes to price a line: no second look-up can disagree with it. */
export interface Price extends Dated {
  readonly priceId: string;
  readonly model: string;
  readonly speed: string;
  readonly promptBand: PromptBand;
  /** The row holds for prompts of more than this many tokens; null on the standard band. */
  readonly promptTokensAbove: number | null;
  readonly rates: TokenRates;
  /** Of each rate, for batch items. 50 is half price; 100 where there is no discount. */
  readonly batchPercent: number;
  /** Of each rate, where inference was pinned to the US. */
  readonly usPercent: number;
  /** Of each rate, on a partner's cloud away from its global endpoint. */
  readonly regionalPercent: number;
  readonly confidence: Confidence;
  readonly source: string;
}

export interface PricedModel {
  readonly model: string;
  readonly contextWindowTokens: number;
  readonly maxOutputTokens: number;
  readonly batchMaxOutputTokens: number;
  /** All rows, oldest first. */
  readonly prices: readonly Price[];
}

/** What an exact model name stands for. `location` is known only where the name itself says it, as Bedrock profiles do. */
export interface NamedModel {
  readonly priced: PricedModel;
  readonly location: 'global' | 'regional' | null;
}

export interface WebSearchFee extends Dated {
  readonly feeId: string;
  readonly perSearchPicoUsd: PicoUsd;
}

/** Dated prices of every model, ready for look-ups. Immutable; made only by `parsePriceBook`. */
export interface PriceBook {
  /** The last day on which the prices were looked at, as YYYY-MM-DD. */
  readonly asOf: string;
  /** Keyed by every exact id: model, alias, platform id, Bedrock profile. */
  readonly modelsByName: ReadonlyMap<string, NamedModel>;
  /** Every row of every model. */
  readonly prices: readonly Price[];
  readonly webSearchFees: readonly WebSearchFee[];
  /** What was agreed with the provider, beside list price. No part of the published book: see `withContractPrices`. */
  readonly contracts: readonly ContractPrice[];
}

export function inEffect(dated: Dated, atMs: number): boolean {
  return dated.startMs <= atMs && atMs < dated.endMs;
}
