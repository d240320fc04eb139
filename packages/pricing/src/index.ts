export { builtinPriceBook, builtinPriceBookDocument } from './anthropic/price-book.ts';
export { type Tokenizer, tokenizerOf } from './anthropic/tokenizers.ts';
export { type Charge, type ChargeInput, charge } from './charge.ts';
export {
  changesThePast,
  comparePriceBooks,
  type FeeChange,
  type LimitChange,
  type NameChange,
  type PriceChange,
  type RateChange,
} from './compare-price-books.ts';
export type { ContractPricesDocument } from './contract-document.ts';
export {
  type ContractPrice,
  contractsWithoutModel,
  findContract,
  parseContractPrices,
  withContractPrices,
} from './contract-prices.ts';
export { type Estimate, type EstimateInput, estimate, WHOLE_MILLIONTHS } from './estimate.ts';
export { findPrice, isPriced, type ModelLimits, modelLimits, type PriceQuery } from './find-price.ts';
export { livePriceBook } from './live-price-book.ts';
export { parsePriceBook } from './parse-price-book.ts';
export type {
  Confidence,
  NamedModel,
  Price,
  PriceBook,
  PricedModel,
  PromptBand,
  TokenRates,
  WebSearchFee,
} from './price-book.ts';
export type { PriceBookDocument } from './price-document.ts';
export { type PriceWarning, priceWarnings } from './price-warnings.ts';
export { type Refusal, refusalIsBilled } from './refusal.ts';
export type { AdvisorBound, CacheWriteTtl, FallbackBound, ServerSideWork } from './worst-case.ts';
