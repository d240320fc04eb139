/**
 * The rate limit headers of every authenticated answer. The stand-in never enforces a limit (a 429 is a fault on request),
 * but it counts, so that the headers move as a client expects.
 */
export interface RateLimits {
  /** Counts one answer of the organization. Cache reads are not limited. */
  count(answer: { limitedInputTokens: number; outputTokens: number; nowMs: number }): void;
  headers(nowMs: number): Record<string, string>;
}

const WINDOW_MS = 60_000;
const LIMITS = {
  requests: 20_000,
  'input-tokens': 40_000_000,
  'output-tokens': 6_000_000,
  tokens: 46_000_000,
};

type Resource = keyof typeof LIMITS;
const RESOURCES: readonly Resource[] = ['requests', 'input-tokens', 'output-tokens', 'tokens'];

export function createRateLimits(): RateLimits {
  let windowStartMs = 0;
  let used: Record<Resource, number> = nothingUsed();

  const enterWindow = (nowMs: number): void => {
    const startMs = Math.floor(nowMs / WINDOW_MS) * WINDOW_MS;
    if (startMs === windowStartMs) return;
    windowStartMs = startMs;
    used = nothingUsed();
  };

  return {
    count({ limitedInputTokens, outputTokens, nowMs }) {
      enterWindow(nowMs);
      used.requests += 1;
      used['input-tokens'] += limitedInputTokens;
      used['output-tokens'] += outputTokens;
      used.tokens += limitedInputTokens + outputTokens;
    },
    headers(nowMs) {
      enterWindow(nowMs);
      const reset = new Date(windowStartMs + WINDOW_MS).toISOString().replace('.000Z', 'Z');
      const entries = RESOURCES.flatMap((resource) => [
        [`anthropic-ratelimit-${resource}-limit`, String(LIMITS[resource])],
        [`anthropic-ratelimit-${resource}-remaining`, String(Math.max(0, LIMITS[resource] - used[resource]))],
        [`anthropic-ratelimit-${resource}-reset`, reset],
      ]);
      return Object.fromEntries(entries);
    },
  };
}

function nothingUsed(): Record<Resource, number> {
  return { requests: 0, 'input-tokens': 0, 'output-tokens': 0, tokens: 0 };
}
