import { z } from 'zod';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/**
 * Disjoint counts of what one billable line used. Each is billed in its own class; none contains another, except that
 * thinking tokens are a part of the output tokens and carry no price of their own.
 */
export const tokenUsageSchema = z.object({
  uncachedInputTokens: count,
  cacheReadInputTokens: count,
  cacheWrite5mInputTokens: count,
  cacheWrite1hInputTokens: count,
  /** The part of a cache write that no TTL split covers. Priced as a 5-minute write, kept apart so that the guess stays visible. */
  cacheWriteUnsplitInputTokens: count,
  outputTokens: count,
  thinkingTokens: count.nullable(),
  webSearchRequests: count,
  webFetchRequests: count,
});

export type TokenUsage = z.output<typeof tokenUsageSchema>;

/** The counts that are billed on their own; thinking tokens are part of the output. */
export type BilledCounts = Omit<TokenUsage, 'thinkingTokens'>;

/** Class by class: sums stay disjoint, as what they add is. */
export function addBilledCounts(left: BilledCounts, right: BilledCounts): BilledCounts {
  return {
    uncachedInputTokens: left.uncachedInputTokens + right.uncachedInputTokens,
    cacheReadInputTokens: left.cacheReadInputTokens + right.cacheReadInputTokens,
    cacheWrite5mInputTokens: left.cacheWrite5mInputTokens + right.cacheWrite5mInputTokens,
    cacheWrite1hInputTokens: left.cacheWrite1hInputTokens + right.cacheWrite1hInputTokens,
    cacheWriteUnsplitInputTokens: left.cacheWriteUnsplitInputTokens + right.cacheWriteUnsplitInputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    webSearchRequests: left.webSearchRequests + right.webSearchRequests,
    webFetchRequests: left.webFetchRequests + right.webFetchRequests,
  };
}

export const NO_USAGE: TokenUsage = Object.freeze({
  uncachedInputTokens: 0,
  cacheReadInputTokens: 0,
  cacheWrite5mInputTokens: 0,
  cacheWrite1hInputTokens: 0,
  cacheWriteUnsplitInputTokens: 0,
  outputTokens: 0,
  thinkingTokens: null,
  webSearchRequests: 0,
  webFetchRequests: 0,
});

/** Everything the model read: the size that prompt bands are judged by, and OpenTelemetry's `gen_ai.usage.input_tokens`. */
export function totalInputTokens(usage: TokenUsage): number {
  return (
    usage.uncachedInputTokens +
    usage.cacheReadInputTokens +
    usage.cacheWrite5mInputTokens +
    usage.cacheWrite1hInputTokens +
    usage.cacheWriteUnsplitInputTokens
  );
}
