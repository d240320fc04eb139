import { isoFromMs, type PicoUsd, TallygateError, type UnpricedPolicy } from '@tallygate/usage';
import { findPriceInBand, type PriceQuery } from './find-price.ts';
import { requireInstant } from './instant.ts';
import { dearest } from './line-cost.ts';
import { inEffect, type Price, type PriceBook, type TokenRates } from './price-book.ts';

export type TariffQuery = Omit<PriceQuery, 'promptBand'> & {
  /** Everything the model reads in this request: uncached, cache reads and cache writes together. */
  promptTokens: number;
};

/** The price that a line is charged at, with the judgements it took to choose it. */
export interface Tariff {
  price: Price;
  flags: string[];
}

/**
 * The price of one line. A model, speed or date that the book does not cover follows the policy and is flagged "unpriced"; it
 * is never free. Null only under the policy "deny".
 */
export function findTariff(book: PriceBook, query: TariffQuery, policy: UnpricedPolicy): Tariff | null {
  requireInstant(query.atMs);
  const own = priceOfPrompt(book, query);
  if (own) return { price: own, flags: own.confidence === 'low' ? ['low_confidence_price'] : [] };
  if (policy === 'deny') return null;
  const like = policy === 'dearest' ? null : priceOfPrompt(book, { ...query, model: policy.like });
  return { price: like ?? dearestPrice(book, query), flags: ['unpriced'] };
}

export function unpricedError(query: TariffQuery): TallygateError {
  const day = isoFromMs(query.atMs).slice(0, 10);
  return new TallygateError('TALLYGATE_MODEL_UNPRICED', {
    message: `The price book has no price for model "${query.model}" at speed "${query.speed ?? 'standard'}" on ${day}.`,
  });
}

/** The long-prompt row where there is one and the prompt exceeds it: it re-prices every token of the line, output included. */
function priceOfPrompt(book: PriceBook, query: TariffQuery): Price | null {
  const long = findPriceInBand(book, query, 'long');
  if (long && query.promptTokens > (long.promptTokensAbove ?? Number.POSITIVE_INFINITY)) return long;
  return findPriceInBand(book, query, 'standard');
}

/**
 * What an unknown model could cost at most, as far as this book can tell: in every token class the highest rate of any row in
 * effect, with the smallest discount and the largest surcharge. Fast rows count only for lines that are not of standard speed.
 * The id names the day, which together with the book is all it takes to compute it again.
 */
export function dearestPrice(book: PriceBook, query: Pick<TariffQuery, 'model' | 'atMs' | 'speed'>): Price {
  const speed = query.speed ?? 'standard';
  const current = book.prices.filter((price) => inEffect(price, query.atMs));
  const comparable = current.filter((price) => speed !== 'standard' || price.speed === 'standard');
  const rows = comparable.length > 0 ? comparable : book.prices;
  const dearestPercent = (percentOf: (price: Price) => number) => Math.max(...rows.map(percentOf));
  return {
    priceId: `dearest@${isoFromMs(query.atMs).slice(0, 10)}`,
    model: query.model,
    speed,
    promptBand: 'standard',
    promptTokensAbove: null,
    startMs: query.atMs,
    endMs: query.atMs + 1,
    rates: dearestRates(rows),
    batchPercent: dearestPercent((price) => price.batchPercent),
    usPercent: dearestPercent((price) => price.usPercent),
    regionalPercent: dearestPercent((price) => price.regionalPercent),
    confidence: 'low',
    source: 'the dearest rates of this book on that day',
  };
}

function dearestRates(rows: readonly Price[]): TokenRates {
  const dearestOf = (rateOf: (rates: TokenRates) => PicoUsd) => dearest(rows.map((row) => rateOf(row.rates)));
  return {
    uncachedInputPicoUsd: dearestOf((rates) => rates.uncachedInputPicoUsd),
    cacheReadPicoUsd: dearestOf((rates) => rates.cacheReadPicoUsd),
    cacheWrite5mPicoUsd: dearestOf((rates) => rates.cacheWrite5mPicoUsd),
    cacheWrite1hPicoUsd: dearestOf((rates) => rates.cacheWrite1hPicoUsd),
    outputPicoUsd: dearestOf((rates) => rates.outputPicoUsd),
  };
}
