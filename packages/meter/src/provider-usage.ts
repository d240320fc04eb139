import { addBilledCounts, type TokenUsage } from '@tallygate/usage';
import { isObject, type ProviderUsage } from './answer.ts';

/**
 * Token counts of the whole message or of one iteration. The total of cache writes is authoritative: a stream's TTL split is
 * from its first event and can cover less than was written by the end, or more when the context shrank since.
 */
export function tokensOf(counts: ProviderUsage): TokenUsage {
  const split = isObject(counts['cache_creation']) ? counts['cache_creation'] : {};
  const hour = countOf(split['ephemeral_1h_input_tokens']);
  const fiveMinutes = countOf(split['ephemeral_5m_input_tokens']);
  const written =
    typeof counts['cache_creation_input_tokens'] === 'number'
      ? countOf(counts['cache_creation_input_tokens'])
      : hour + fiveMinutes;
  const written1h = Math.min(hour, written);
  const written5m = Math.min(fiveMinutes, written - written1h);
  return {
    uncachedInputTokens: countOf(counts['input_tokens']),
    cacheReadInputTokens: countOf(counts['cache_read_input_tokens']),
    cacheWrite5mInputTokens: written5m,
    cacheWrite1hInputTokens: written1h,
    cacheWriteUnsplitInputTokens: written - written1h - written5m,
    outputTokens: countOf(counts['output_tokens']),
    thinkingTokens: null,
    webSearchRequests: 0,
    webFetchRequests: 0,
  };
}

/** Adds what is reported once per message. Fees come from the counters, never from content blocks: a paused turn shows more. */
export function withFees(tokens: TokenUsage, usage: ProviderUsage): TokenUsage {
  const tools = isObject(usage['server_tool_use']) ? usage['server_tool_use'] : {};
  const details = isObject(usage['output_tokens_details']) ? usage['output_tokens_details'] : {};
  const thinking = details['thinking_tokens'];
  return {
    ...tokens,
    thinkingTokens: typeof thinking === 'number' ? countOf(thinking) : null,
    webSearchRequests: countOf(tools['web_search_requests']),
    webFetchRequests: countOf(tools['web_fetch_requests']),
  };
}

/** Whether tools of the provider ran, after each of which the model reads its whole prompt again. */
export function isLoop(usage: ProviderUsage): boolean {
  const tools = usage['server_tool_use'];
  return isObject(tools) && countOf(tools['web_search_requests']) + countOf(tools['web_fetch_requests']) > 0;
}

export function addTokens(left: TokenUsage, right: TokenUsage): TokenUsage {
  const isUnsaid = left.thinkingTokens === null && right.thinkingTokens === null;
  const thinkingTokens = isUnsaid ? null : (left.thinkingTokens ?? 0) + (right.thinkingTokens ?? 0);
  return { ...addBilledCounts(left, right), thinkingTokens };
}

/** Whether something stands for a count that is none. It is read as 0, so the line has to say that it is not a true zero. */
export function hasMalformedCounts(counts: ProviderUsage): boolean {
  const split = counts['cache_creation'];
  return (
    TOKEN_COUNTS.some((name) => isMalformed(counts[name])) ||
    (isObject(split) && Object.values(split).some(isMalformed))
  );
}

function isMalformed(value: unknown): boolean {
  return value !== null && value !== undefined && !isCount(value);
}

const TOKEN_COUNTS = [
  'input_tokens',
  'output_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
] as const;

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function countOf(value: unknown): number {
  return isCount(value) ? value : 0;
}
