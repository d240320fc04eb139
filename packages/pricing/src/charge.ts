import {
  type Backend,
  type NanoUsd,
  nanoFromPico,
  PICO_USD_PER_NANO_USD,
  type PicoUsd,
  type TokenUsage,
  totalInputTokens,
  type UnpricedPolicy,
} from '@tallygate/usage';
import { contractedUnits, nanoFromUnits, termsOf } from './contracted-cost.ts';
import { scaledCostPicoUsd, tokenCostPicoUsd, webSearchCostPicoUsd } from './line-cost.ts';
import { placeMultiplier, tierMultiplier } from './multipliers.ts';
import type { PriceBook, PromptBand } from './price-book.ts';
import { dearestPrice, findTariff, type Tariff, type TariffQuery } from './tariff.ts';

/** One billable line as the provider reported it: what was served counts, never what was asked for. */
export interface ChargeInput {
  /** The model that answered, by any exact name. */
  model: string;
  backend: Backend;
  /** The instant whose price list applies. */
  atMs: number;
  usage: TokenUsage;
  serviceTier: string | null;
  speed: string | null;
  inferenceGeo: string | null;
  /** False: recorded but free, as a refusal before any output can be. */
  billed: boolean;
  unpricedModels: UnpricedPolicy;
}

export interface Charge {
  /** Exact, before rounding. */
  listCostPicoUsd: PicoUsd;
  listCostNanoUsd: NanoUsd;
  /** What is paid under the contract: the same tokens, tier and place, rounded once as well. The list cost where there is none. */
  contractedCostNanoUsd: NanoUsd;
  /** The contract price that was used; null where list is paid. */
  contractId: string | null;
  /** Exact minus rounded list cost: -500 … 500. */
  roundingPicoUsd: number;
  /** Of the list cost, the part that stands for web searches. */
  webSearchCostNanoUsd: NanoUsd;
  /** The row that was used, also when nothing was billed. "dearest@<day>" where no row covers the model. */
  priceId: string | null;
  promptBand: PromptBand;
  /** Every judgement that was made; empty where the book and the report left none to make. */
  flags: string[];
}

/**
 * What one line costs. All token classes and tool fees are summed in pico-USD and rounded once, half to even.
 * Never throws for a model without a price: the money is spent already, so the policy "deny" charges the dearest rates.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` when `atMs` is not an instant.
 */
export function charge(book: PriceBook, input: ChargeInput): Charge {
  const { backend, atMs, usage, inferenceGeo } = input;
  const tariff = tariffOf(book, input);
  const { price, flags } = tariff;
  const location = book.modelsByName.get(input.model)?.location ?? null;
  const place = placeMultiplier(price, { backend, inferenceGeo, location });
  const tier = tierMultiplier(price, input.serviceTier);
  const terms = termsOf(book, tariff, atMs);
  const listedPicoUsd = tokenCostPicoUsd(price.rates, usage);
  const agreedPicoUsd = terms.rates === price.rates ? listedPicoUsd : tokenCostPicoUsd(terms.rates, usage);
  const paidUnits = contractedUnits(terms, agreedPicoUsd, tier.percent, place.percent);
  const searchCostPicoUsd = webSearchCostPicoUsd(book, atMs, usage.webSearchRequests);
  const tokensPicoUsd = scaledCostPicoUsd(listedPicoUsd, tier.percent, place.percent);
  const listCostPicoUsd = input.billed ? tokensPicoUsd + searchCostPicoUsd : 0n;
  const listCostNanoUsd = nanoFromPico(listCostPicoUsd);
  const assumedTtl = usage.cacheWriteUnsplitInputTokens > 0 ? ['assumed_ttl'] : [];
  return {
    listCostPicoUsd,
    listCostNanoUsd,
    roundingPicoUsd: Number(listCostPicoUsd - listCostNanoUsd * PICO_USD_PER_NANO_USD),
    webSearchCostNanoUsd: input.billed ? nanoFromPico(searchCostPicoUsd) : 0n,
    contractedCostNanoUsd: input.billed ? nanoFromUnits(paidUnits, searchCostPicoUsd) : 0n,
    contractId: terms.contractId,
    priceId: price.priceId,
    promptBand: price.promptBand,
    flags: [...flags, ...tier.flags, ...place.flags, ...assumedTtl],
  };
}

function tariffOf(book: PriceBook, input: ChargeInput): Tariff {
  const { model, backend, atMs, speed, usage } = input;
  const query: TariffQuery = { model, backend, atMs, speed, promptTokens: totalInputTokens(usage) };
  const tariff = findTariff(book, query, input.unpricedModels);
  return tariff ?? { price: dearestPrice(book, query), flags: ['unpriced'] };
}
