import {
  type Backend,
  type NanoUsd,
  PICO_USD_PER_NANO_USD,
  type PicoUsd,
  TallygateError,
  type UnpricedPolicy,
} from '@tallygate/usage';
import { contractedUnits, nanoFromUnits, nanoFromUnitsUp, termsOf } from './contracted-cost.ts';
import { dearest, webSearchCostPicoUsd } from './line-cost.ts';
import { type Place, placeMultiplier, tierMultiplier, worstPlaceMultiplier } from './multipliers.ts';
import type { Price, PriceBook, TokenRates } from './price-book.ts';
import { findTariff, type Tariff, unpricedError } from './tariff.ts';

/** A request before it is sent. Counts are whole tokens. */
export interface EstimateInput {
  model: string;
  backend: Backend;
  atMs: number;
  /** Upper estimate of everything one pass of the model reads: system, tools, messages, and what server tools may add. */
  promptTokens: number;
  /** The longest lifetime that any cache_control of the request asks for; null when it has none. */
  cacheWriteTtl: '5m' | '1h' | null;
  /** max_tokens of the request. */
  maxOutputTokens: number;
  /** What such calls usually write; null while nothing is known, which counts as the maximum. */
  expectedOutputTokens: number | null;
  /** As requested. The provider may serve the request at standard speed instead. */
  speed: string | null;
  inferenceGeo: string | null;
  batch: boolean;
  webSearchMaxUses: number;
  /** How often the model may run within the request: 1, or the bound of a server-tool loop. */
  iterations: number;
  unpricedModels: UnpricedPolicy;
}

export interface Estimate {
  /** One pass, the prompt uncached, the usual output, no searches. */
  expectedNanoUsd: NanoUsd;
  /** No charge within the stated bounds exceeds it, however the usage is split into lines. */
  worstNanoUsd: NanoUsd;
  /** The row that the expectation was priced with. */
  priceId: string | null;
  flags: string[];
}

/**
 * What a request will probably cost and what it can cost at most, by the rates that `charge` applies: what is paid under the
 * contract, as that is what budgets are charged.
 * @throws TallygateError `TALLYGATE_MODEL_UNPRICED` when the book has no price and the policy is "deny";
 * `TALLYGATE_REQUEST_INVALID` for a count that is not a whole number of tokens.
 */
export function estimate(book: PriceBook, input: EstimateInput): Estimate {
  requireCounts(input);
  const tariff = tariffOf(book, input, input.speed, input.promptTokens);
  const expected = expectedCost(book, input, tariff);
  return {
    expectedNanoUsd: expected.costNanoUsd,
    worstNanoUsd: worstCostNanoUsd(book, input),
    priceId: tariff.price.priceId,
    flags: [...tariff.flags, ...expected.flags],
  };
}

function expectedCost(book: PriceBook, input: EstimateInput, tariff: Tariff) {
  const ceiling = outputCeiling(book, input);
  const outputTokens = Math.min(input.expectedOutputTokens ?? ceiling, ceiling);
  const place = placeMultiplier(tariff.price, placeOf(book, input));
  const terms = termsOf(book, tariff, input.atMs);
  const passPicoUsd = passCostPicoUsd(input, terms.rates.uncachedInputPicoUsd, outputTokens, terms.rates);
  const units = contractedUnits(terms, passPicoUsd, batchPercent(tariff, input), place.percent);
  return { costNanoUsd: nanoFromUnits(units), flags: place.flags };
}

/** Every token of the prompt at one rate. */
function passCostPicoUsd(
  { promptTokens }: EstimateInput,
  promptRatePicoUsd: PicoUsd,
  outputTokens: number,
  { outputPicoUsd }: TokenRates,
): PicoUsd {
  return BigInt(promptTokens) * promptRatePicoUsd + BigInt(outputTokens) * outputPicoUsd;
}

/**
 * Each pass at its dearest, rounded up, times the passes; then the searches. Rounding up per pass keeps the bound even when the
 * provider reports, and we round, every pass as a line of its own.
 */
function worstCostNanoUsd(book: PriceBook, input: EstimateInput): NanoUsd {
  const passesUnits = possibleTariffs(book, input).map((tariff) => worstPassUnits(book, input, tariff));
  const searches = webSearchCostPicoUsd(book, input.atMs, input.webSearchMaxUses);
  return BigInt(input.iterations) * nanoFromUnitsUp(dearest(passesUnits)) + roundUp(searches);
}

/**
 * Every tariff the answer may come back under: as requested or at standard speed, in the band of an empty prompt or in that of
 * all passes together, because it is not documented whether a server-tool loop is judged by pass or by sum. Mostly one row.
 */
function possibleTariffs(book: PriceBook, input: EstimateInput): Tariff[] {
  const tariffs = new Map<Price, Tariff>();
  for (const speed of new Set([input.speed ?? 'standard', 'standard'])) {
    for (const promptTokens of [0, input.promptTokens * input.iterations]) {
      const tariff = tariffOf(book, input, speed, promptTokens);
      tariffs.set(tariff.price, tariff);
    }
  }
  return [...tariffs.values()];
}

function worstPassUnits(book: PriceBook, input: EstimateInput, tariff: Tariff): bigint {
  const place = worstPlaceMultiplier(tariff.price, placeOf(book, input));
  const terms = termsOf(book, tariff, input.atMs);
  const promptRatePicoUsd = dearestInputRate(terms.rates, input.cacheWriteTtl);
  const passPicoUsd = passCostPicoUsd(input, promptRatePicoUsd, outputCeiling(book, input), terms.rates);
  return contractedUnits(terms, passPicoUsd, batchPercent(tariff, input), place.percent);
}

/** What a token of the prompt can be billed at most. A 1-hour request may write 5-minute entries as well. */
function dearestInputRate(rates: TokenRates, cacheWriteTtl: EstimateInput['cacheWriteTtl']): PicoUsd {
  return dearest([
    rates.uncachedInputPicoUsd,
    rates.cacheReadPicoUsd,
    cacheWriteTtl === null ? 0n : rates.cacheWrite5mPicoUsd,
    cacheWriteTtl === '1h' ? rates.cacheWrite1hPicoUsd : 0n,
  ]);
}

/** max_tokens may be set beyond what the model can write. For a model whose ceiling nobody knows it stands as it is. */
function outputCeiling(book: PriceBook, input: EstimateInput): number {
  const priced = book.modelsByName.get(input.model)?.priced;
  if (!priced) return input.maxOutputTokens;
  return Math.min(input.maxOutputTokens, input.batch ? priced.batchMaxOutputTokens : priced.maxOutputTokens);
}

function tariffOf(book: PriceBook, input: EstimateInput, speed: string | null, promptTokens: number): Tariff {
  const { model, backend, atMs } = input;
  const query = { model, backend, atMs, speed, promptTokens };
  const tariff = findTariff(book, query, input.unpricedModels);
  if (!tariff) throw unpricedError(query);
  return tariff;
}

function batchPercent(tariff: Tariff, input: EstimateInput): number {
  return tierMultiplier(tariff.price, input.batch ? 'batch' : null).percent;
}

function placeOf(book: PriceBook, { model, backend, inferenceGeo }: EstimateInput): Place {
  return { backend, inferenceGeo, location: book.modelsByName.get(model)?.location ?? null };
}

function roundUp(costPicoUsd: PicoUsd): NanoUsd {
  return (costPicoUsd + PICO_USD_PER_NANO_USD - 1n) / PICO_USD_PER_NANO_USD;
}

/** The least that each count can be: with no pass at all every bound would be zero. */
const LEAST = {
  promptTokens: 0,
  maxOutputTokens: 0,
  expectedOutputTokens: 0,
  webSearchMaxUses: 0,
  iterations: 1,
} satisfies Partial<Record<keyof EstimateInput, number>>;

const COUNTS = Object.keys(LEAST) as (keyof typeof LEAST)[];

/** A fraction or NaN would surface as a RangeError deep in BigInt. */
function requireCounts(input: EstimateInput): void {
  for (const name of COUNTS) {
    const count = input[name] ?? 0;
    if (Number.isSafeInteger(count) && count >= LEAST[name]) continue;
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `${name} of an estimate is ${count}, which is not a whole number in range.`,
    });
  }
}
