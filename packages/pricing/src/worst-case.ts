import type { Backend, NanoUsd, PicoUsd, UnpricedPolicy } from '@tallygate/usage';
import { contractedUnits, nanoFromUnitsUp, type Terms, termsOf } from './contracted-cost.ts';
import { findPrice } from './find-price.ts';
import { dearest } from './line-cost.ts';
import { type Place, tierMultiplier, worstPlaceMultiplier } from './multipliers.ts';
import type { Price, PriceBook, TokenRates } from './price-book.ts';
import { findTariff, type Tariff, unpricedError } from './tariff.ts';

/** The longest lifetime that any cache_control asks for; null where there is none. */
export type CacheWriteTtl = '5m' | '1h' | null;

/** What the provider may do within one request beyond one pass of the requested model. Counts are whole tokens. */
export interface ServerSideWork {
  /** What each pass reads on top of the one before it: what tools of the provider answered. */
  growthTokensPerPass: number;
  /** Before each pass the model may read all of it once more, to summarize it in at most `maxOutputTokens`. */
  compacts: boolean;
  /** Models that are asked in between, at rates of their own. */
  advisors: readonly AdvisorBound[];
  /** Models that take over one after the other, each after a model that has written all it might. */
  fallbacks: readonly FallbackBound[];
}

export interface AdvisorBound {
  model: string;
  /** The request as this model counts it; what is written and added meanwhile comes on top. */
  promptTokens: number;
  cacheWriteTtl: CacheWriteTtl;
  uses: number;
  maxOutputTokens: number;
}

export interface FallbackBound {
  model: string;
  promptTokens: number;
  maxOutputTokens: number;
  speed: string | null;
}

/** What all models at work for one request have in common. */
export interface Circumstances {
  backend: Backend;
  atMs: number;
  inferenceGeo: string | null;
  batch: boolean;
  unpricedModels: UnpricedPolicy;
}

/** One model at work: how often it runs, and what it can read and write each time. */
export interface Run {
  model: string;
  promptTokens: number;
  growthTokensPerPass: number;
  passes: number;
  /** Passes over the same prompt at each step: 2 where it may be summarized first. */
  readings: number;
  maxOutputTokens: number;
  cacheWriteTtl: CacheWriteTtl;
  /** Every speed the answer may come back at. */
  speeds: readonly string[];
}

export const STANDARD_SPEED: readonly string[] = ['standard'];

/**
 * Each pass at its dearest, rounded up: that keeps the bound even when the provider reports, and we round, every pass as a line
 * of its own.
 */
export function worstRunNanoUsd(book: PriceBook, at: Circumstances, run: Run): NanoUsd {
  const maxOutputTokens = outputCeiling(book, run, at.batch);
  const rates = possibleTariffs(book, at, run).map((tariff) => passRates(book, at, run, tariff));
  const passCost = (promptTokens: number) =>
    nanoFromUnitsUp(dearest(rates.map((rate) => passUnits(rate, promptTokens, maxOutputTokens))));
  if (run.growthTokensPerPass === 0) return BigInt(run.passes * run.readings) * passCost(run.promptTokens);
  let sumNanoUsd = 0n;
  for (let pass = 0; pass < run.passes; pass += 1) sumNanoUsd += passCost(promptOfPass(book, run, pass));
  return BigInt(run.readings) * sumNanoUsd;
}

/** Every token that such a run can be billed, whatever its class. */
export function worstRunTokens(book: PriceBook, { batch }: Circumstances, run: Run): bigint {
  let sumTokens = run.passes * outputCeiling(book, run, batch);
  for (let pass = 0; pass < run.passes; pass += 1) sumTokens += promptOfPass(book, run, pass);
  return BigInt(run.readings) * BigInt(sumTokens);
}

/** It cannot grow beyond what the model can read, where the book knows that. A prompt that is too long to begin with is refused. */
export function promptOfPass(
  book: PriceBook,
  run: Pick<Run, 'model' | 'promptTokens' | 'growthTokensPerPass'>,
  pass: number,
): number {
  const windowTokens = book.modelsByName.get(run.model)?.priced.contextWindowTokens;
  const grownTokens = run.promptTokens + pass * run.growthTokensPerPass;
  return Math.max(run.promptTokens, Math.min(grownTokens, windowTokens ?? grownTokens));
}

/** max_tokens may be set beyond what the model can write. For a model whose ceiling nobody knows it stands as it is. */
function outputCeiling(book: PriceBook, { model, maxOutputTokens }: Run, batch: boolean): number {
  const priced = book.modelsByName.get(model)?.priced;
  if (!priced) return maxOutputTokens;
  return Math.min(maxOutputTokens, batch ? priced.batchMaxOutputTokens : priced.maxOutputTokens);
}

/**
 * Every tariff the answer may come back under: at any of the speeds, in the band of an empty prompt or in that of all passes
 * together, because it is not documented whether a server-tool loop is judged by pass or by sum. Mostly one row.
 */
function possibleTariffs(book: PriceBook, at: Circumstances, run: Run): Tariff[] {
  const tariffs = new Map<Price, Tariff>();
  const lastPromptTokens = promptOfPass(book, run, run.passes - 1);
  for (const speed of run.speeds) {
    for (const promptTokens of [0, lastPromptTokens * run.passes * run.readings]) {
      const tariff = tariffOf(book, at, run.model, speed, promptTokens);
      tariffs.set(tariff.price, tariff);
    }
  }
  return [...tariffs.values()];
}

/** @throws TallygateError `TALLYGATE_MODEL_UNPRICED` under the policy "deny". */
export function tariffOf(
  book: PriceBook,
  { backend, atMs, unpricedModels }: Circumstances,
  model: string,
  speed: string | null,
  promptTokens: number,
): Tariff {
  const query = { model, backend, atMs, speed, promptTokens };
  const tariff = findTariff(book, query, unpricedModels);
  if (!tariff) throw unpricedError(query);
  return tariff;
}

/** A fallback runs at the speed that was asked for only where its model has it. */
export function fallbackSpeeds(
  book: PriceBook,
  { backend, atMs }: Circumstances,
  { model, speed }: FallbackBound,
): readonly string[] {
  const asked = findPrice(book, { model, backend, atMs, speed, promptBand: 'standard' });
  return asked === null || speed === null || speed === 'standard'
    ? STANDARD_SPEED
    : [speed, ...STANDARD_SPEED];
}

interface PassRates {
  terms: Terms;
  promptPicoUsd: PicoUsd;
  tierPercent: number;
  placePercent: number;
}

function passRates(book: PriceBook, at: Circumstances, run: Run, tariff: Tariff): PassRates {
  const terms = termsOf(book, tariff, at.atMs);
  return {
    terms,
    promptPicoUsd: dearestInputRate(terms.rates, run.cacheWriteTtl),
    tierPercent: tierMultiplier(tariff.price, at.batch ? 'batch' : null).percent,
    placePercent: worstPlaceMultiplier(tariff.price, placeOf(book, at, run.model)).percent,
  };
}

export function placeOf(book: PriceBook, { backend, inferenceGeo }: Circumstances, model: string): Place {
  return { backend, inferenceGeo, location: book.modelsByName.get(model)?.location ?? null };
}

function passUnits(
  { terms, promptPicoUsd, tierPercent, placePercent }: PassRates,
  promptTokens: number,
  outputTokens: number,
): bigint {
  const passPicoUsd = BigInt(promptTokens) * promptPicoUsd + BigInt(outputTokens) * terms.rates.outputPicoUsd;
  return contractedUnits(terms, passPicoUsd, tierPercent, placePercent);
}

/** What a token of the prompt can be billed at most. A 1-hour request may write 5-minute entries as well. */
function dearestInputRate(rates: TokenRates, cacheWriteTtl: CacheWriteTtl): PicoUsd {
  return dearest([
    rates.uncachedInputPicoUsd,
    rates.cacheReadPicoUsd,
    cacheWriteTtl === null ? 0n : rates.cacheWrite5mPicoUsd,
    cacheWriteTtl === '1h' ? rates.cacheWrite1hPicoUsd : 0n,
  ]);
}
