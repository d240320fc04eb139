import type { ReportedUsage } from '@tallygate/admin-api';
import type { SpendRow } from '@tallygate/usage';

/** The classes in which both sides count. Every one of them is billed apart. */
export const TOKEN_CLASSES = [
  'uncachedInputTokens',
  'cacheReadInputTokens',
  'cacheWrite5mInputTokens',
  'cacheWrite1hInputTokens',
  'outputTokens',
  'webSearchRequests',
] as const satisfies readonly (keyof ReportedUsage)[];
export type TokenClass = (typeof TOKEN_CLASSES)[number];
export type TokenCounts = Record<TokenClass, number>;

export const NO_TOKENS: TokenCounts = Object.freeze(countsBy(() => 0));

export function countsBy(countOf: (tokenClass: TokenClass) => number): TokenCounts {
  return {
    uncachedInputTokens: countOf('uncachedInputTokens'),
    cacheReadInputTokens: countOf('cacheReadInputTokens'),
    cacheWrite5mInputTokens: countOf('cacheWrite5mInputTokens'),
    cacheWrite1hInputTokens: countOf('cacheWrite1hInputTokens'),
    outputTokens: countOf('outputTokens'),
    webSearchRequests: countOf('webSearchRequests'),
  };
}

/** Fresh, to be added into. */
export function noTokens(): TokenCounts {
  return countsBy(() => 0);
}

/** Written out, as is `sameTokens`: every row of a month passes here, and properties by name are read five times as fast. */
function addTimes(sum: TokenCounts, counts: TokenCounts, times: 1 | -1): void {
  sum.uncachedInputTokens += times * counts.uncachedInputTokens;
  sum.cacheReadInputTokens += times * counts.cacheReadInputTokens;
  sum.cacheWrite5mInputTokens += times * counts.cacheWrite5mInputTokens;
  sum.cacheWrite1hInputTokens += times * counts.cacheWrite1hInputTokens;
  sum.outputTokens += times * counts.outputTokens;
  sum.webSearchRequests += times * counts.webSearchRequests;
}

export function addInto(sum: TokenCounts, counts: TokenCounts): void {
  addTimes(sum, counts, 1);
}

export function subtractFrom(sum: TokenCounts, counts: TokenCounts): void {
  addTimes(sum, counts, -1);
}

export function addTokens(left: TokenCounts, right: TokenCounts): TokenCounts {
  return countsBy((tokenClass) => left[tokenClass] + right[tokenClass]);
}

export function subtractTokens(left: TokenCounts, right: TokenCounts): TokenCounts {
  return countsBy((tokenClass) => left[tokenClass] - right[tokenClass]);
}

export function sumTokens(counts: Iterable<TokenCounts>): TokenCounts {
  let sum = NO_TOKENS;
  for (const item of counts) sum = addTokens(sum, item);
  return sum;
}

export function sameTokens(left: TokenCounts, right: TokenCounts): boolean {
  return (
    left.uncachedInputTokens === right.uncachedInputTokens &&
    left.cacheReadInputTokens === right.cacheReadInputTokens &&
    left.cacheWrite5mInputTokens === right.cacheWrite5mInputTokens &&
    left.cacheWrite1hInputTokens === right.cacheWrite1hInputTokens &&
    left.outputTokens === right.outputTokens &&
    left.webSearchRequests === right.webSearchRequests
  );
}

export function isNothing(counts: TokenCounts): boolean {
  return sameTokens(counts, NO_TOKENS);
}

/** Searches, and no token of any class. */
export function isOnlySearched(counts: TokenCounts): boolean {
  return TOKEN_CLASSES.every(
    (tokenClass) => (tokenClass === 'webSearchRequests') === (counts[tokenClass] !== 0),
  );
}

/** Our counts in the provider's classes. A write without a TTL was priced as a 5-minute one, so it is compared as one. */
export function tokensOfSpend({ usage }: SpendRow): TokenCounts {
  return {
    uncachedInputTokens: usage.uncachedInputTokens,
    cacheReadInputTokens: usage.cacheReadInputTokens,
    cacheWrite5mInputTokens: usage.cacheWrite5mInputTokens + usage.cacheWriteUnsplitInputTokens,
    cacheWrite1hInputTokens: usage.cacheWrite1hInputTokens,
    outputTokens: usage.outputTokens,
    webSearchRequests: usage.webSearchRequests,
  };
}
