import type { CacheTtl, Segment } from './prompt.ts';

/**
 * Prompt caching: a prefix marked by a breakpoint is written once and read while it lives. A prefix is known per workspace
 * and model; every read starts its lifetime anew; shorter prefixes than 1,024 tokens are never cached.
 */
export interface PromptCache {
  /** Reads and writes the prefixes of one admitted request, and says in which class each of its tokens is billed. */
  admit(request: { scope: string; segments: readonly Segment[]; nowMs: number }): InputTokens;
}

/** The prompt by billing class. The four add up to the whole prompt. */
export interface InputTokens {
  uncached: number;
  cacheRead: number;
  cacheWrite5m: number;
  cacheWrite1h: number;
}

interface Entry {
  ttl: CacheTtl;
  expiresMs: number;
}

const LIFETIME_MS: Record<CacheTtl, number> = { '5m': 5 * 60_000, '1h': 60 * 60_000 };
const LEAST_PREFIX_TOKENS = 1_024;
/** How far before a breakpoint an older, shorter prefix is still found. */
const LOOKBACK_SEGMENTS = 20;
/** From this many prefixes on the expired ones are swept out, so that a long run does not grow without end. */
const SWEEP_AT_LEAST = 10_000;

export function createPromptCache(): PromptCache {
  const entries = new Map<string, Entry>();

  let sweepAt = SWEEP_AT_LEAST;
  const sweep = (nowMs: number): void => {
    if (entries.size < sweepAt) return;
    for (const [key, entry] of entries) if (entry.expiresMs <= nowMs) entries.delete(key);
    // Twice what is left: a full cache of living prefixes must not be searched on every request.
    sweepAt = Math.max(SWEEP_AT_LEAST, 2 * entries.size);
  };

  /** Index of the last segment of the longest living prefix within reach of a breakpoint, or −1. */
  const findHit = (keys: readonly string[], breakpoints: readonly number[], nowMs: number): number => {
    for (const breakpoint of breakpoints.toReversed()) {
      const reach = Math.max(0, breakpoint - LOOKBACK_SEGMENTS + 1);
      for (let index = breakpoint; index >= reach; index -= 1) {
        const entry = entries.get(keys[index] ?? '');
        if (entry !== undefined && entry.expiresMs > nowMs) return index;
      }
    }
    return -1;
  };

  const put = (key: string, ttl: CacheTtl, nowMs: number): void => {
    entries.set(key, { ttl, expiresMs: nowMs + LIFETIME_MS[ttl] });
  };

  /** A read starts the lifetime anew, at the length that was paid for. */
  const refresh = (key: string, nowMs: number): void => {
    const entry = entries.get(key);
    if (entry !== undefined && entry.expiresMs > nowMs) put(key, entry.ttl, nowMs);
  };

  return {
    admit({ scope, segments, nowMs }) {
      const ends = cumulativeTokens(segments);
      const keys = segments.map((segment) => `${scope}|${segment.prefixHash}`);
      const breakpoints = segments.flatMap((segment, index) =>
        segment.breakpoint !== null && (ends[index] ?? 0) >= LEAST_PREFIX_TOKENS ? [index] : [],
      );
      sweep(nowMs);
      const hit = findHit(keys, breakpoints, nowMs);
      for (const index of [hit, ...breakpoints]) if (index <= hit) refresh(keys[index] ?? '', nowMs);
      const input: InputTokens = { uncached: 0, cacheRead: ends[hit] ?? 0, cacheWrite5m: 0, cacheWrite1h: 0 };
      let coveredTokens = input.cacheRead;
      for (const index of breakpoints.filter((candidate) => candidate > hit)) {
        const ttl = segments[index]?.breakpoint ?? '5m';
        put(keys[index] ?? '', ttl, nowMs);
        input[ttl === '1h' ? 'cacheWrite1h' : 'cacheWrite5m'] += (ends[index] ?? 0) - coveredTokens;
        coveredTokens = ends[index] ?? 0;
      }
      input.uncached = (ends.at(-1) ?? 0) - coveredTokens;
      return input;
    },
  };
}

function cumulativeTokens(segments: readonly Segment[]): number[] {
  let sum = 0;
  return segments.map((segment) => {
    sum += segment.tokens;
    return sum;
  });
}
