import type { Price, PriceBook } from './price-book.ts';
import { tracksOf } from './price-track.ts';

/** A row that can be right, and looks like a slip of the pen. */
export interface PriceWarning {
  readonly priceId: string;
  readonly warning: string;
}

/**
 * What holds for nearly every price that the provider has published, checked on each row: writes cost 1.25 and 2 times the
 * input, reads the same share of it at every speed and length, a fast row is not discounted in batches, prices follow each
 * other without a gap. What no price may break is refused by `parsePriceBook`.
 */
export function priceWarnings(book: PriceBook): PriceWarning[] {
  return [...book.prices.flatMap(ratioWarnings), ...besideStandard(book), ...gapWarnings(book)];
}

function ratioWarnings(price: Price): PriceWarning[] {
  const {
    uncachedInputPicoUsd: input,
    cacheWrite5mPicoUsd,
    cacheWrite1hPicoUsd,
    cacheReadPicoUsd,
  } = price.rates;
  const found = [
    cacheWrite5mPicoUsd * 4n === input * 5n ? null : 'a 5-minute cache write is not 1.25 × input',
    cacheWrite1hPicoUsd === input * 2n ? null : 'a 1-hour cache write is not 2 × input',
    cacheReadPicoUsd < input ? null : 'a cache read costs no less than input',
    price.rates.outputPicoUsd > input ? null : 'output costs no more than input',
  ];
  return warningsOf(price, found);
}

function warningsOf({ priceId }: Price, found: readonly (string | null)[]): PriceWarning[] {
  return found.filter((warning) => warning !== null).map((warning) => ({ priceId, warning }));
}

/** A special speed or a long prompt, held against the standard row of the same days. */
function besideStandard(book: PriceBook): PriceWarning[] {
  return book.prices.flatMap((price) => {
    const plain = standardBeside(book, price);
    if (plain === undefined || plain === price) return [];
    const found = [
      sameReadShare(price, plain)
        ? null
        : `a cache read is another share of input than in "${plain.priceId}"`,
      isDearSpeed(price, plain) && price.batchPercent !== 100
        ? `${price.batchPercent} percent in batches, where speed "${price.speed}" has no discount`
        : null,
    ];
    return warningsOf(price, found);
  });
}

function standardBeside(book: PriceBook, price: Price): Price | undefined {
  return book.prices.find(
    (other) =>
      other.model === price.model &&
      other.speed === 'standard' &&
      other.promptBand === 'standard' &&
      other.startMs < price.endMs &&
      price.startMs < other.endMs,
  );
}

/** A speed at the standard price is the standard speed under another name, and is discounted like it. */
function isDearSpeed(price: Price, plain: Price): boolean {
  return price.speed !== 'standard' && price.rates.uncachedInputPicoUsd > plain.rates.uncachedInputPicoUsd;
}

function sameReadShare({ rates: left }: Price, { rates: right }: Price): boolean {
  return (
    left.cacheReadPicoUsd * right.uncachedInputPicoUsd === right.cacheReadPicoUsd * left.uncachedInputPicoUsd
  );
}

function gapWarnings(book: PriceBook): PriceWarning[] {
  return [...tracksOf(book).values()].flatMap(({ prices }) =>
    prices.slice(1).flatMap((price, index) => {
      const before = prices[index];
      if (before === undefined || before.endMs === price.startMs) return [];
      return [{ priceId: price.priceId, warning: `nothing has a price between "${before.priceId}" and it` }];
    }),
  );
}
