import { parsePriceBook } from '../parse-price-book.ts';
import type { PriceBook } from '../price-book.ts';
import type { PriceBookDocument } from '../price-document.ts';
import { claude3Prices } from './claude-3-prices.ts';
import { claude4Prices } from './claude-4-prices.ts';
import { claude5Prices } from './claude-5-prices.ts';
import { models } from './models.ts';

/**
 * The provider's list prices as this release knows them, in the form that `parsePriceBook` reads: the start of a published book.
 * The last complete reading of the price table was on 2026-10-24, the last release note with a price on 2026-11-09.
 */
export const builtinPriceBookDocument: PriceBookDocument = {
  version: 1,
  asOf: '2026-11-20',
  bedrockProfiles: { global: ['global'], regional: ['us', 'us-gov', 'eu', 'apac', 'jp', 'au'] },
  models,
  prices: [...claude5Prices, ...claude4Prices, ...claude3Prices],
  webSearchFees: [
    {
      // Per search that ran, not multiplied by batch, fast or geography. Fetched pages cost their tokens only.
      feeId: 'web-search@launch',
      effectiveFrom: null,
      effectiveTo: null,
      usdPerThousand: '10',
      confidence: 'high',
      source: "provider's price page, read 2026-08-21 and 2026-10",
    },
  ],
};

/** In force until a book is published. */
export const builtinPriceBook: PriceBook = parsePriceBook(builtinPriceBookDocument);
