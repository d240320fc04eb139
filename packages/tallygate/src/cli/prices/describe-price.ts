import type { Price, PriceBook, TokenRates, WebSearchFee } from '@tallygate/pricing';
import { isoFromMs } from '@tallygate/usage';

/** "3.75": USD per million tokens, exact, as short as it can be written. */
export function usdPerMtok(ratePicoUsd: bigint): string {
  const whole = ratePicoUsd / 1_000_000n;
  const fraction = (ratePicoUsd % 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '');
  return fraction === '' ? String(whole) : `${whole}.${fraction}`;
}

export function ratesDocument(rates: TokenRates): Record<string, string> {
  return {
    input: usdPerMtok(rates.uncachedInputPicoUsd),
    cacheRead: usdPerMtok(rates.cacheReadPicoUsd),
    cacheWrite5m: usdPerMtok(rates.cacheWrite5mPicoUsd),
    cacheWrite1h: usdPerMtok(rates.cacheWrite1hPicoUsd),
    output: usdPerMtok(rates.outputPicoUsd),
  };
}

/** "2026-12-01"; null where it has no end on that side. */
export function dayFromMs(instantMs: number): string | null {
  return Number.isFinite(instantMs) ? isoFromMs(instantMs).slice(0, 10) : null;
}

export function bandOf({ promptBand, promptTokensAbove }: Price): string {
  return promptBand === 'standard' ? '' : `> ${(promptTokensAbove ?? 0).toLocaleString('en-US')}`;
}

export function priceDocument(price: Price): Record<string, unknown> {
  return {
    priceId: price.priceId,
    model: price.model,
    speed: price.speed,
    promptBand: price.promptBand,
    promptTokensAbove: price.promptTokensAbove,
    effectiveFrom: dayFromMs(price.startMs),
    effectiveTo: dayFromMs(price.endMs),
    usdPerMtok: ratesDocument(price.rates),
    batchPercent: price.batchPercent,
    usPercent: price.usPercent,
    regionalPercent: price.regionalPercent,
    confidence: price.confidence,
    source: price.source,
  };
}

export function feeDocument(fee: WebSearchFee): Record<string, unknown> {
  return {
    feeId: fee.feeId,
    effectiveFrom: dayFromMs(fee.startMs),
    effectiveTo: dayFromMs(fee.endMs),
    usdPerThousand: usdPerMtok(fee.perSearchPicoUsd / 1_000n),
  };
}

/** How much a book holds, for the first line that people read. */
export function bookSummary(book: PriceBook): string {
  const models = new Set(book.prices.map(({ model }) => model));
  return `${book.prices.length} prices of ${models.size} models, read up to ${book.asOf}`;
}
