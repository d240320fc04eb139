import { z } from 'zod';
import type { ReportedUsage } from './reported.ts';

/** A count in a row of usage: tokens or requests. */
export const countSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** The counts that every family names alike; what else a row counts is found by `unknownCountsOf`. */
export const reportedCountsSchema = z.looseObject({
  uncached_input_tokens: countSchema,
  cache_creation: z.looseObject({
    ephemeral_5m_input_tokens: countSchema,
    ephemeral_1h_input_tokens: countSchema,
  }),
  cache_read_input_tokens: countSchema,
  output_tokens: countSchema,
  server_tool_use: z.looseObject({ web_search_requests: countSchema }),
});
export type ReportedCounts = z.output<typeof reportedCountsSchema>;

const KNOWN_COUNTS = new Set([
  'uncached_input_tokens',
  'cache_creation.ephemeral_5m_input_tokens',
  'cache_creation.ephemeral_1h_input_tokens',
  'cache_read_input_tokens',
  'output_tokens',
  'server_tool_use.web_search_requests',
  'total_tokens',
  'requests',
]);

export function usageFrom(counts: ReportedCounts): ReportedUsage {
  return {
    uncachedInputTokens: counts.uncached_input_tokens,
    cacheReadInputTokens: counts.cache_read_input_tokens,
    cacheWrite5mInputTokens: counts.cache_creation.ephemeral_5m_input_tokens,
    cacheWrite1hInputTokens: counts.cache_creation.ephemeral_1h_input_tokens,
    outputTokens: counts.output_tokens,
    webSearchRequests: counts.server_tool_use.web_search_requests,
  };
}

/** Counts above zero by their dotted path. A class of tokens that is new to us must not vanish from a total unseen. */
export function unknownCountsOf(counts: object): Record<string, number> {
  return Object.fromEntries(numbersOf(counts).filter(([name, n]) => n !== 0 && !KNOWN_COUNTS.has(name)));
}

function numbersOf(value: object, prefix = ''): [string, number][] {
  return Object.entries(value).flatMap(([name, item]: [string, unknown]): [string, number][] => {
    if (typeof item === 'number') return Number.isSafeInteger(item) ? [[prefix + name, item]] : [];
    return typeof item === 'object' && item !== null ? numbersOf(item, `${prefix}${name}.`) : [];
  });
}
