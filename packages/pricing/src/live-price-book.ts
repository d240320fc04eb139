import { builtinPriceBook } from './anthropic/price-book.ts';
import { parsePriceBook } from './parse-price-book.ts';
import type { PriceBook } from './price-book.ts';

/**
 * The book in force under a configuration: the published one, or the one built into this version where none is.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a published book that does not parse.
 */
export function livePriceBook(published: unknown): PriceBook {
  return published === null ? builtinPriceBook : parsePriceBook(published);
}
