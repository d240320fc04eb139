import type { PicoUsd } from '@tallygate/usage';
import { createPairs } from './pairs.ts';
import type { PriceTokens } from './reconcile-input.ts';
import { countsBy, NO_TOKENS, TOKEN_CLASSES, type TokenClass, type TokenCounts } from './token-counts.ts';

/** What a price depends on, beside the tokens. */
export interface Terms {
  atMs: number;
  model: string;
  serviceTier: string | null;
  inferenceGeo: string | null;
  speed: string | null;
  /** Null: a sum over requests of whose prompts nobody knows the lengths. */
  promptBand: 'standard' | 'long' | null;
}

/**
 * The price of a sum over requests, or null where it cannot be told.
 *
 * A model can cost more per token once a single prompt passes a threshold, and a sum does not say how long its prompts were: two
 * short prompts must not be priced as one long one. Where both readings cost the same the question does not arise; where they
 * differ the answer is null, never a guess. Tokens may be negative, as a difference has them.
 */
export type PriceSum = (terms: Terms, tokens: TokenCounts) => PicoUsd | null;

type ByClass = readonly PicoUsd[];

interface Rates {
  standard: ByClass;
  long: ByClass;
  /** No prompt is ever dearer than another: every sum has one price. */
  isFlat: boolean;
}

interface KnownRates extends Pick<Terms, 'serviceTier' | 'inferenceGeo' | 'speed'> {
  /** Null: the price list leaves a guess to make. */
  rates: Rates | null;
}

/** Longer than any prompt that a price list tells apart from a longer one. */
const LONG_PROMPT = 100_000_000;

/** Asks the price list once per terms: a month has many sums and few terms. */
export function createPriceSum(price: PriceTokens): PriceSum {
  const known = createPairs<number, string, Terms, KnownRates>(isOfTerms, (terms) =>
    knownRates(price, terms),
  );
  return (terms, tokens) => {
    const { atMs, model, promptBand } = terms;
    const { rates } = known.at(atMs, model, terms);
    if (rates === null) return null;
    if (promptBand === 'long') return costAt(rates.long, tokens);
    const oneByOnePicoUsd = costAt(rates.standard, tokens);
    if (rates.isFlat || promptBand === 'standard') return oneByOnePicoUsd;
    if (TOKEN_CLASSES.some((tokenClass) => tokens[tokenClass] < 0)) return null;
    return price({ ...questionOf(terms), tokens }) === oneByOnePicoUsd ? oneByOnePicoUsd : null;
  };
}

function isOfTerms(known: KnownRates, { serviceTier, inferenceGeo, speed }: Terms): boolean {
  return known.serviceTier === serviceTier && known.inferenceGeo === inferenceGeo && known.speed === speed;
}

function knownRates(price: PriceTokens, terms: Terms): KnownRates {
  const { serviceTier, inferenceGeo, speed } = terms;
  return { serviceTier, inferenceGeo, speed, rates: ratesOf(price, terms) };
}

export function questionOf({ model, atMs, serviceTier, inferenceGeo, speed }: Terms) {
  return { model, atMs, serviceTier, inferenceGeo, speed };
}

function ratesOf(price: PriceTokens, terms: Terms): Rates | null {
  const question = questionOf(terms);
  const beyondPicoUsd = price({ ...question, tokens: countedOnce('uncachedInputTokens', LONG_PROMPT) });
  const standard: PicoUsd[] = [];
  const long: PicoUsd[] = [];
  for (const tokenClass of TOKEN_CLASSES) {
    const unitPicoUsd = price({ ...question, tokens: countedOnce(tokenClass, 1) });
    const isPrompt = tokenClass === 'uncachedInputTokens';
    const more = isPrompt ? NO_TOKENS : countedOnce(tokenClass, 1);
    const prompt = isPrompt ? LONG_PROMPT + 1 : LONG_PROMPT;
    const withOneMore = price({ ...question, tokens: { ...more, uncachedInputTokens: prompt } });
    if (unitPicoUsd === null || withOneMore === null || beyondPicoUsd === null) return null;
    standard.push(unitPicoUsd);
    long.push(withOneMore - beyondPicoUsd);
  }
  return { standard, long, isFlat: standard.every((rate, index) => rate === long[index]) };
}

function costAt(rates: ByClass, tokens: TokenCounts): PicoUsd {
  let costPicoUsd = 0n;
  TOKEN_CLASSES.forEach((tokenClass, index) => {
    const count = tokens[tokenClass];
    if (count !== 0) costPicoUsd += BigInt(count) * (rates[index] ?? 0n);
  });
  return costPicoUsd;
}

function countedOnce(tokenClass: TokenClass, count: number): TokenCounts {
  return countsBy((candidate) => (candidate === tokenClass ? count : 0));
}
