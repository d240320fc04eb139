import { describe, expect, it } from 'vitest';
import { createRateLimits } from './rate-limits.ts';

const remaining = (headers: Record<string, string>) =>
  ['requests', 'input-tokens', 'output-tokens', 'tokens'].map((name) =>
    Number(headers[`anthropic-ratelimit-${name}-remaining`]),
  );

describe('the rate limit headers', () => {
  const minuteMs = Date.parse('2026-11-21T12:00:00Z');

  it('go down with use within a minute, and are whole again in the next', () => {
    const limits = createRateLimits();
    const full = [20_000, 40_000_000, 6_000_000, 46_000_000];
    expect(remaining(limits.headers(minuteMs))).toEqual(full);
    limits.count({ limitedInputTokens: 100, outputTokens: 10, nowMs: minuteMs + 59_999 });
    expect(remaining(limits.headers(minuteMs + 59_999))).toEqual([19_999, 39_999_900, 5_999_990, 45_999_890]);
    expect(remaining(limits.headers(minuteMs + 60_000))).toEqual(full);
  });

  it('never go below zero, and name the end of the minute', () => {
    const limits = createRateLimits();
    limits.count({ limitedInputTokens: 50_000_000, outputTokens: 0, nowMs: minuteMs });
    expect(remaining(limits.headers(minuteMs))).toEqual([19_999, 0, 6_000_000, 0]);
    expect(limits.headers(minuteMs)['anthropic-ratelimit-tokens-reset']).toBe('2026-11-21T12:01:00Z');
  });
});
