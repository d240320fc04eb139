import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheTtl, Segment } from './prompt.ts';
import { createPromptCache } from './prompt-cache.ts';

const MINUTE_MS = 60_000;

/** Segments named by letters: "A:2000 B:100@5m" are two, the second with a breakpoint. */
function prompt(text: string): Segment[] {
  let prefixHash = '';
  return text.split(' ').map((word) => {
    const [piece = '', ttl] = word.split('@');
    const [name, tokens] = piece.split(':');
    prefixHash += name;
    return { prefixHash, tokens: Number(tokens), breakpoint: (ttl as CacheTtl | undefined) ?? null };
  });
}

function opened() {
  const cache = createPromptCache();
  return (text: string, minute = 0, scope = 'workspace|model') =>
    cache.admit({ scope, segments: prompt(text), nowMs: minute * MINUTE_MS });
}

describe('prompt caching', () => {
  it('writes a marked prefix first and reads it on the repeat', () => {
    const admit = opened();
    expect(admit('A:2000@5m B:50')).toEqual({
      uncached: 50,
      cacheRead: 0,
      cacheWrite5m: 2000,
      cacheWrite1h: 0,
    });
    expect(admit('A:2000@5m C:70')).toEqual({
      uncached: 70,
      cacheRead: 2000,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
    });
  });

  it('never caches a prefix of less than 1,024 tokens', () => {
    const admit = opened();
    expect(admit('A:1023@5m').uncached).toBe(1023);
    expect(admit('A:1023@5m').cacheRead).toBe(0);
    expect(admit('B:1024@5m').cacheWrite5m).toBe(1024);
  });

  it('forgets after five minutes, or after an hour where that was paid for', () => {
    const admit = opened();
    admit('A:2000@5m');
    expect(admit('A:2000@5m', 5).cacheWrite5m).toBe(2000);
    admit('B:2000@1h');
    expect(admit('B:2000@1h', 59).cacheRead).toBe(2000);
  });

  it('starts the lifetime anew with every read', () => {
    const admit = opened();
    admit('A:2000@5m');
    expect(admit('A:2000@5m', 4).cacheRead).toBe(2000);
    expect(admit('A:2000@5m', 8).cacheRead).toBe(2000);
    expect(admit('A:2000@5m', 13).cacheRead).toBe(0);
  });

  it('keeps workspaces and models apart', () => {
    const admit = opened();
    admit('A:2000@5m', 0, 'w1|m');
    expect(admit('A:2000@5m', 0, 'w2|m').cacheRead).toBe(0);
    expect(admit('A:2000@5m', 0, 'w1|n').cacheRead).toBe(0);
  });

  it('reads a growing conversation up to its last breakpoint and writes the rest', () => {
    const admit = opened();
    admit('A:2000@5m');
    expect(admit('A:2000 B:300 C:40@5m')).toEqual({
      uncached: 0,
      cacheRead: 2000,
      cacheWrite5m: 340,
      cacheWrite1h: 0,
    });
  });

  it('finds an older prefix up to twenty segments before a breakpoint, and no farther', () => {
    const near = opened();
    const between = (count: number) => Array.from({ length: count }, (_, index) => `x${index}:1`).join(' ');
    near('A:2000@5m');
    expect(near(`A:2000 ${between(18)} Z:1@5m`).cacheRead).toBe(2000);
    const far = opened();
    far('A:2000@5m');
    expect(far(`A:2000 ${between(19)} Z:1@5m`).cacheRead).toBe(0);
  });

  it('bills each stretch at the lifetime of the breakpoint that ends it', () => {
    const admit = opened();
    expect(admit('A:2000@1h B:500@5m C:10')).toEqual({
      uncached: 10,
      cacheRead: 0,
      cacheWrite5m: 500,
      cacheWrite1h: 2000,
    });
  });

  it('puts every token of any prompt into exactly one class', () => {
    const segment = fc.record({
      name: fc.constantFrom('A', 'B', 'C'),
      tokens: fc.nat({ max: 3000 }),
      ttl: fc.constantFrom('', '@5m'),
    });
    const prompts = fc.array(fc.tuple(fc.array(segment, { minLength: 1, maxLength: 8 }), fc.nat({ max: 9 })));
    fc.assert(
      fc.property(prompts, (drawn) => {
        const admit = opened();
        let minute = 0;
        for (const [segments, minutes] of drawn) {
          minute += minutes;
          const text = segments.map(({ name, tokens, ttl }) => `${name}${tokens}:${tokens}${ttl}`).join(' ');
          const classes = Object.values(admit(text, minute));
          expect(Math.min(...classes)).toBeGreaterThanOrEqual(0);
          const total = segments.reduce((sum, { tokens }) => sum + tokens, 0);
          expect(classes.reduce((sum, tokens) => sum + tokens, 0)).toBe(total);
        }
      }),
      { seed: 20261121 },
    );
  });
});
