import type { InputTokens } from './prompt-cache.ts';
import type { MessageRequest } from './request.ts';

/** How far generation has come. Counts are cumulative; the meter of the bill and of `message_delta` alike. */
export interface Progress {
  outputTokens: number;
  /** Part of `outputTokens`. */
  thinkingTokens: number;
  /** Results of web searches that the model has read: input on top of the prompt. */
  searchResultTokens: number;
  webSearches: number;
}

export const NO_PROGRESS: Progress = {
  outputTokens: 0,
  thinkingTokens: 0,
  searchResultTokens: 0,
  webSearches: 0,
};

type Served = Pick<MessageRequest, 'speed' | 'speedAsked' | 'inferenceGeo'>;

/** `usage` of a whole message. */
export function completeUsage(served: Served, input: InputTokens, progress: Progress) {
  return { ...startUsage(served, input, progress.outputTokens), ...deltaUsage(input, progress) };
}

/** `usage` of `message_start`: the only place where a stream splits cache writes by lifetime; its output is a placeholder. */
export function startUsage(served: Served, input: InputTokens, placeholderTokens: number) {
  return {
    ...inputUsage(input, 0),
    cache_creation: {
      ephemeral_5m_input_tokens: input.cacheWrite5m,
      ephemeral_1h_input_tokens: input.cacheWrite1h,
    },
    output_tokens: placeholderTokens,
    service_tier: 'standard',
    inference_geo: served.inferenceGeo,
    ...(served.speedAsked ? { speed: served.speed } : {}),
  };
}

/** `usage` of `message_delta`: cumulative totals that replace those of the start, without split, tier or geography. */
export function deltaUsage(input: InputTokens, progress: Progress) {
  const { webSearches } = progress;
  return {
    ...inputUsage(input, progress.searchResultTokens),
    output_tokens: progress.outputTokens,
    output_tokens_details: { thinking_tokens: progress.thinkingTokens },
    ...(webSearches > 0
      ? { server_tool_use: { web_search_requests: webSearches, web_fetch_requests: 0 } }
      : {}),
  };
}

function inputUsage(input: InputTokens, searchResultTokens: number) {
  return {
    input_tokens: input.uncached + searchResultTokens,
    cache_creation_input_tokens: input.cacheWrite5m + input.cacheWrite1h,
    cache_read_input_tokens: input.cacheRead,
  };
}
