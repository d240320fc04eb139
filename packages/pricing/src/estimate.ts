import { type NanoUsd, PICO_USD_PER_NANO_USD, TallygateError } from '@tallygate/usage';
import { webSearchCostPicoUsd } from './line-cost.ts';
import { placeMultiplier } from './multipliers.ts';
import type { PriceBook } from './price-book.ts';
import {
  type CacheWriteTtl,
  type Circumstances,
  fallbackSpeeds,
  placeOf,
  promptOfPass,
  type Run,
  type ServerSideWork,
  STANDARD_SPEED,
  tariffOf,
  worstRunNanoUsd,
  worstRunTokens,
} from './worst-case.ts';

/** A request before it is sent. Counts are whole tokens. */
export interface EstimateInput extends Circumstances {
  model: string;
  /** Upper estimate of everything the first pass of the model reads: system, tools, messages. */
  promptTokens: number;
  cacheWriteTtl: CacheWriteTtl;
  /** max_tokens of the request. */
  maxOutputTokens: number;
  /** As requested. The provider may serve the request at standard speed instead. */
  speed: string | null;
  webSearchMaxUses: number;
  /** How often the model may run within the request: 1, or the bound of a server-tool loop. */
  iterations: number;
  /** Absent: nothing but the passes. */
  serverSide?: ServerSideWork | undefined;
  /** The part of their worst case that such calls usually cost, in millionths; null while nothing is known, which counts as all. */
  expectedShareMillionths: number | null;
}

export interface Estimate {
  /** What such calls usually cost. Never above the worst case. */
  expectedNanoUsd: NanoUsd;
  /** No charge within the stated bounds exceeds it, however the usage is split into lines. */
  worstNanoUsd: NanoUsd;
  /** The same in tokens of every class. Expected: all that is read first, and of the rest the part that such calls usually cost. */
  tokens: { expected: bigint; worst: bigint };
  /** The row of one pass as requested. */
  priceId: string | null;
  flags: string[];
}

export const WHOLE_MILLIONTHS = 1_000_000;

/**
 * What a request will probably cost and what it can cost at most, by the rates that `charge` applies: what is paid under the
 * contract, as that is what budgets are charged. The fees of containers are in neither: no response tells them.
 * @throws TallygateError `TALLYGATE_MODEL_UNPRICED` when the book has no price for a model at work and the policy is "deny";
 * `TALLYGATE_REQUEST_INVALID` for a count that is not a whole number in range.
 */
export function estimate(book: PriceBook, input: EstimateInput): Estimate {
  requireCounts(input);
  const tariff = tariffOf(book, input, input.model, input.speed, input.promptTokens);
  const runs = runsOf(book, input);
  const worstNanoUsd = worstCostNanoUsd(book, input, runs);
  return {
    expectedNanoUsd: shareOf(worstNanoUsd, input.expectedShareMillionths),
    worstNanoUsd,
    tokens: tokensOf(book, input, runs),
    priceId: tariff.price.priceId,
    flags: [...tariff.flags, ...placeMultiplier(tariff.price, placeOf(book, input, input.model)).flags],
  };
}

/** Rounded up: a call that costs something is expected to. */
function shareOf(worst: bigint, shareMillionths: number | null): bigint {
  if (shareMillionths === null) return worst;
  const wholeMillionths = BigInt(WHOLE_MILLIONTHS);
  return (worst * BigInt(shareMillionths) + wholeMillionths - 1n) / wholeMillionths;
}

/** Of every run, at its dearest; then the searches, which are bounded per request. */
function worstCostNanoUsd(book: PriceBook, input: EstimateInput, runs: readonly Run[]): NanoUsd {
  const sumNanoUsd = runs.reduce((sum, run) => sum + worstRunNanoUsd(book, input, run), 0n);
  return sumNanoUsd + roundUp(webSearchCostPicoUsd(book, input.atMs, input.webSearchMaxUses));
}

/** The requested model, and all that may work beside it or after it. */
function runsOf(book: PriceBook, input: EstimateInput): Run[] {
  const others = input.serverSide === undefined ? [] : otherRuns(book, input, input.serverSide);
  return [requestedRun(input), ...others];
}

function tokensOf(book: PriceBook, input: EstimateInput, runs: readonly Run[]): Estimate['tokens'] {
  const worst = runs.reduce((sum, run) => sum + worstRunTokens(book, input, run), 0n);
  const read = BigInt(input.promptTokens);
  return { expected: read + shareOf(worst - read, input.expectedShareMillionths), worst };
}

function requestedRun(input: EstimateInput): Run {
  const { model, promptTokens, maxOutputTokens, cacheWriteTtl, iterations, speed, serverSide } = input;
  return {
    model,
    promptTokens,
    growthTokensPerPass: serverSide?.growthTokensPerPass ?? 0,
    passes: iterations,
    readings: serverSide?.compacts ? 2 : 1,
    maxOutputTokens,
    cacheWriteTtl,
    speeds: speed === null || speed === 'standard' ? STANDARD_SPEED : [speed, ...STANDARD_SPEED],
  };
}

function otherRuns(book: PriceBook, input: EstimateInput, work: ServerSideWork): Run[] {
  const requested = requestedRun(input);
  const grown = (model: string, promptTokens: number, growthTokensPerPass: number) =>
    promptOfPass(book, { model, promptTokens, growthTokensPerPass }, 1);
  const growthTokens = work.growthTokensPerPass * (input.iterations - 1) + input.maxOutputTokens;
  return [
    ...work.fallbacks.map((fallback) => ({
      ...requested,
      model: fallback.model,
      promptTokens: grown(fallback.model, fallback.promptTokens, input.maxOutputTokens),
      maxOutputTokens: fallback.maxOutputTokens,
      speeds: fallbackSpeeds(book, input, fallback),
    })),
    ...work.advisors.map((advisor) => ({
      model: advisor.model,
      promptTokens: grown(advisor.model, advisor.promptTokens, growthTokens),
      growthTokensPerPass: 0,
      passes: advisor.uses,
      readings: 1,
      maxOutputTokens: advisor.maxOutputTokens,
      cacheWriteTtl: advisor.cacheWriteTtl,
      speeds: STANDARD_SPEED,
    })),
  ];
}

function roundUp(costPicoUsd: bigint): NanoUsd {
  return (costPicoUsd + PICO_USD_PER_NANO_USD - 1n) / PICO_USD_PER_NANO_USD;
}

/** A fraction or NaN would surface as a RangeError deep in BigInt. */
function requireCounts(input: EstimateInput): void {
  requireCount('promptTokens', input.promptTokens, 0);
  requireCount('maxOutputTokens', input.maxOutputTokens, 0);
  requireCount('webSearchMaxUses', input.webSearchMaxUses, 0);
  // With no pass at all every bound would be zero.
  requireCount('iterations', input.iterations, 1);
  requireCount('expectedShareMillionths', input.expectedShareMillionths ?? 0, 0, WHOLE_MILLIONTHS);
  if (input.serverSide !== undefined) requireWork(input.serverSide);
}

function requireWork({ growthTokensPerPass, fallbacks, advisors }: ServerSideWork): void {
  requireCount('growthTokensPerPass', growthTokensPerPass, 0);
  for (const { promptTokens, maxOutputTokens } of [...fallbacks, ...advisors]) {
    requireCount('promptTokens', promptTokens, 0);
    requireCount('maxOutputTokens', maxOutputTokens, 0);
  }
  for (const { uses } of advisors) requireCount('uses', uses, 0);
}

function requireCount(name: string, count: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(count) && count >= least && count <= most) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `${name} of an estimate is ${count}, which is not a whole number in range.`,
  });
}
