import type { PicoUsd } from '@tallygate/usage';
import { asPriced, exactPicoUsd, type OurRow, type TheirRow } from './joined-rows.ts';
import { dayOf } from './places.ts';
import { type PriceSum, questionOf, type Terms } from './rates.ts';
import type { PriceTokens } from './reconcile-input.ts';
import { placeOf } from './terms.ts';
import { addTokens, isNothing, NO_TOKENS, subtractTokens, type TokenCounts } from './token-counts.ts';

export interface Pricing {
  price: PriceTokens;
  priceSum: PriceSum;
}

/** The rows of one stretch of time, of both sides. */
export interface Bucket {
  estimated: readonly OurRow[];
  reported: readonly OurRow[];
  theirs: readonly TheirRow[];
}

/** What the provider has beyond our reported rows, at the terms of its buckets; null where that cannot be told. */
export function priceNet(buckets: readonly Bucket[], pricing: Pricing): PicoUsd | null {
  const [first = null, ...others] = daysOfPrice(buckets).map((dayMs) => netAt(dayMs, buckets, pricing));
  return others.every((amountPicoUsd) => amountPicoUsd === first) ? first : null;
}

/**
 * Our rows say on which day it may have begun; that of a guess is the price of its beginning or of its end, as the provider has it.
 * Without a row, it is the day that a bucket is of.
 */
function daysOfPrice(buckets: readonly Bucket[]): number[] {
  const reported = buckets.flatMap((bucket) => bucket.reported.map(({ pricedAtMs }) => pricedAtMs));
  const estimated = buckets.flatMap((bucket) =>
    bucket.estimated.flatMap(({ pricedAtMs, atMs }) => [pricedAtMs, atMs]),
  );
  const days = new Set([...reported, ...estimated].map(dayOf));
  return days.size === 0 ? [Number.POSITIVE_INFINITY] : [...days];
}

/** @param begunMs the day on which all of it began, if that is earlier than its bucket. */
function netAt(begunMs: number, buckets: readonly Bucket[], { price, priceSum }: Pricing): PicoUsd | null {
  const asBegun = (terms: Terms): Terms =>
    begunMs < dayOf(terms.atMs) ? { ...terms, atMs: begunMs } : terms;
  const alone = onlyRequestOf(buckets);
  if (alone !== null) return price({ ...questionOf(asBegun(alone)), tokens: alone.tokens });
  let sumPicoUsd = 0n;
  for (const { terms, net } of netByTerms(buckets).values()) {
    if (isNothing(net)) continue;
    const amountPicoUsd = priceSum(asBegun(terms), net);
    if (amountPicoUsd === null) return null;
    sumPicoUsd += amountPicoUsd;
  }
  return sumPicoUsd;
}

/** A bucket that holds one attempt and nothing else is one prompt, whose length decides its price. */
function onlyRequestOf(buckets: readonly Bucket[]): TheirRow | null {
  const theirs = buckets.flatMap((bucket) => bucket.theirs);
  const attempts = buckets.flatMap((bucket) => bucket.estimated).reduce((sum, row) => sum + row.attempts, 0);
  const isAlone = buckets.every((bucket) => bucket.reported.length === 0);
  return isAlone && attempts === 1 && theirs.length === 1 ? (theirs[0] ?? null) : null;
}

/** What buckets do not tell, length of prompts and perhaps speed, is not told apart on our side either. */
function netByTerms(buckets: readonly Bucket[]): Map<string, { terms: Terms; net: TokenCounts }> {
  const isSpeedTold = buckets.every(({ theirs }) => theirs.every(({ speed }) => speed !== null));
  const nets = new Map<string, { terms: Terms; net: TokenCounts }>();
  const add = (row: OurRow | TheirRow, sum: typeof addTokens) => {
    const speed = isSpeedTold ? row.speed : null;
    const key = `${row.serviceTier ?? 'standard'} ${placeOf(row)} ${speed ?? 'standard'} ${row.atMs}`;
    const known = nets.get(key);
    if (known !== undefined) known.net = sum(known.net, row.tokens);
    else nets.set(key, { terms: { ...row, speed, promptBand: null }, net: sum(NO_TOKENS, row.tokens) });
  };
  for (const bucket of buckets) {
    for (const row of bucket.theirs) add(row, addTokens);
    for (const row of bucket.reported) add(row, subtractTokens);
  }
  return nets;
}

/**
 * Does our charge follow from our tokens, at the bucket's terms or at the plain ones? The reports of a minute do not tell
 * a contract price, and not always fast mode; a charge on terms that they do not show fails here instead of being explained wrongly.
 */
export function isReproduced(
  row: OurRow,
  theirs: readonly TheirRow[],
  { price, priceSum }: Pricing,
): boolean {
  const plain = { serviceTier: null, inferenceGeo: null, speed: null, promptBand: null };
  return [plain, ...theirs].some(({ serviceTier, inferenceGeo, speed, promptBand }) => {
    const terms = {
      atMs: asPriced(row).atMs,
      model: row.model,
      serviceTier,
      inferenceGeo,
      speed,
      promptBand,
    };
    const asCharged =
      row.attempts === 1 ? price({ ...questionOf(terms), tokens: row.tokens }) : priceSum(terms, row.tokens);
    return asCharged === exactPicoUsd(row);
  });
}
