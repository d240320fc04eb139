import { charge, type PriceBook } from '@tallygate/pricing';
import type { PriceTokens } from '@tallygate/reconcile';
import { NO_USAGE, type UnpricedPolicy } from '@tallygate/usage';

/** Judgements of the price book that do not make an amount doubtful. With any other one it is a guess, and proves nothing. */
const HARMLESS_FLAGS: ReadonlySet<string> = new Set(['low_confidence_price']);

/**
 * The price book as evidence: the same function that priced our rows, prices the provider's counts.
 *
 * @param unpricedModels the policy that rows of unknown models were charged by. "like" names a price that somebody chose, so
 * it may speak; the dearest price is a precaution and may not.
 */
export function listPrice(book: PriceBook, unpricedModels: UnpricedPolicy): PriceTokens {
  const allowed =
    typeof unpricedModels === 'object' ? new Set([...HARMLESS_FLAGS, 'unpriced']) : HARMLESS_FLAGS;
  return ({ model, atMs, tokens, serviceTier, inferenceGeo, speed }) => {
    const { listCostPicoUsd, flags, priceId } = charge(book, {
      model,
      backend: 'anthropic',
      atMs,
      usage: { ...NO_USAGE, ...tokens },
      serviceTier,
      speed,
      inferenceGeo,
      billed: true,
      unpricedModels,
    });
    const isGuess = priceId === null || priceId.startsWith('dearest@');
    return isGuess || !flags.every((flag) => allowed.has(flag)) ? null : listCostPicoUsd;
  };
}

/** One name per model: ids, aliases and platform ids meet under the one that the price book uses. */
export function modelNameIn(book: PriceBook): (name: string) => string {
  return (name) => book.modelsByName.get(name)?.priced.model ?? name;
}
