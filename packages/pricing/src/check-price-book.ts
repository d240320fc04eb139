import { TallygateError } from '@tallygate/usage';
import type { Dated, Price, PriceBook } from './price-book.ts';

/** Discounts and surcharges are percentages, and at most two of them meet on one rate. */
const PERCENT_SQUARED = 100n * 100n;

/** What no single row can show: unique ids, no overlaps, and rates that stay whole under every multiplier of the book. */
export function requireConsistent(book: PriceBook): void {
  requireUniqueIds([
    ...book.prices.map((price) => price.priceId),
    ...book.webSearchFees.map((fee) => fee.feeId),
  ]);
  requireNoOverlap(book.prices);
  requireFeeAlways(book);
  requireWholePico(book.prices);
}

function requireUniqueIds(ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw invalidRow(id, 'another row has the same id');
    seen.add(id);
  }
}

/** Two rows for the same instant would make a price depend on their order. `prices` are sorted by start. */
function requireNoOverlap(prices: readonly Price[]): void {
  const lastOfTrack = new Map<string, Price>();
  for (const price of prices) {
    const track = JSON.stringify([price.model, price.speed, price.promptBand]);
    const before = lastOfTrack.get(track);
    if (before && price.startMs < before.endMs)
      throw invalidRow(price.priceId, `it starts before "${before.priceId}" ends`);
    lastOfTrack.set(track, price);
  }
}

/** A search on a day without a fee would cost nothing, silently. */
function requireFeeAlways(book: PriceBook): void {
  const fees = [...book.webSearchFees].sort(byStart);
  let coveredToMs = Number.NEGATIVE_INFINITY;
  for (const fee of fees) {
    if (fee.startMs !== coveredToMs)
      throw invalidRow(fee.feeId, 'web search fees must cover all dates once, from null to null');
    coveredToMs = fee.endMs;
  }
  const last = fees.at(-1);
  if (coveredToMs !== Number.POSITIVE_INFINITY && last)
    throw invalidRow(last.feeId, 'the last web search fee must have no end');
}

/**
 * Checked against every percentage in the book and not only the row's own, because the dearest-price fallback combines the
 * rates of one row with the percentages of another.
 */
function requireWholePico(prices: readonly Price[]): void {
  const batchPercents = new Set([100, ...prices.map((price) => price.batchPercent)]);
  const placePercents = new Set([
    100,
    ...prices.flatMap((price) => [price.usPercent, price.regionalPercent]),
  ]);
  for (const price of prices) {
    for (const batchPercent of batchPercents) {
      for (const placePercent of placePercents) requireWhole(price, BigInt(batchPercent * placePercent));
    }
  }
}

function requireWhole(price: Price, percentProduct: bigint): void {
  for (const [rate, ratePicoUsd] of Object.entries(price.rates)) {
    if ((ratePicoUsd * percentProduct) % PERCENT_SQUARED === 0n) continue;
    throw invalidRow(
      price.priceId,
      `${rate} ${ratePicoUsd} is not a whole number of pico-USD at ${Number(percentProduct) / 100} percent`,
    );
  }
}

export function byStart(left: Dated, right: Dated): number {
  if (left.startMs === right.startMs) return 0;
  return left.startMs < right.startMs ? -1 : 1;
}

export function invalidRow(rowId: string, fault: string): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `Price book row "${rowId}": ${fault}.`,
    cure: 'Correct that row of the price book and publish it again.',
  });
}
