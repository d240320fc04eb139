import { builtinPriceBook } from './anthropic/price-book.ts';
import { parseContractPrices, withContractPrices } from './contract-prices.ts';
import { parsePriceBook } from './parse-price-book.ts';
import type { PriceBook } from './price-book.ts';

/**
 * The book in force under a configuration: the published one, or the one built into this version where none is, with the
 * contract prices that hold beside it.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a published book, or contract prices, that do not parse.
 */
export function livePriceBook(published: unknown, contractPrices: unknown = null): PriceBook {
  const book = published === null ? builtinPriceBook : parsePriceBook(published);
  return withContractPrices(book, parseContractPrices(contractPrices));
}
