import { describe, expect, test } from 'vitest';
import { CLOCK, CLOCK_OF_TEST, LUA } from './lua.generated.ts';

const scripts = Object.entries(LUA);

describe('the generated module', () => {
  test('carries every script whole', () => {
    expect(scripts.map(([name]) => name)).toEqual([
      'abandon',
      'assert',
      'balances',
      'batch',
      'configuration',
      'counted',
      'endings',
      'extend',
      'leases',
      'outbox',
      'publish',
      'pulse',
      'reserve',
      'seed',
      'settle',
    ]);
    for (const [, text] of scripts) expect(text).not.toContain('-- include:');
  });

  test('reads the clock in one place only, so that a test can take its place', () => {
    expect(CLOCK_OF_TEST).not.toContain("'TIME'");
    const withClock = scripts.filter(([, text]) => text.includes("'TIME'"));
    expect(withClock.length).toBeGreaterThan(4);
    for (const [, text] of withClock) expect(text.replace(CLOCK, '')).not.toContain("'TIME'");
  });
});

describe.each(scripts)('%s.lua', (name, text) => {
  const header = /^(--.*\n)+/.exec(text)?.[0] ?? '';
  const body = text.slice(header.length);

  test('opens with its name, its KEYS, its ARGV and what it returns', () => {
    expect(header).toMatch(new RegExp(`^-- ${name}: `));
    expect(header).toMatch(/^-- KEYS {2}/m);
    expect(header).toMatch(/^-- ARGV {2}/m);
    expect(header).toMatch(/^-- Returns/m);
  });

  test('names every code that it can return, and no other', () => {
    const returned = [...body.matchAll(/(?:return \{|outcome =|reply =(?: \{)?) '([A-Z]+)'/g)].map(
      ([, code]) => code,
    );
    const named = [...header.matchAll(/^-- {3}([A-Z]{2,})\b/gm)].map(([, code]) => code);
    expect(new Set(returned)).toEqual(new Set(named));
    expect(named.length).toBeGreaterThan(0);
  });

  test('counts with HINCRBY only what is no money, so that amounts are added in limbs and nowhere else', () => {
    const written = [...body.matchAll(/'HINCRBY', [^,]+, ([^,]+), ([^)]+)\)/g)].map(([, field]) => field);
    expect(written).toHaveLength(body.split("'HINCRBY").length - 1);
    for (const field of written) expect(["'seq'", "'rebuilds'"]).toContain(field);
  });
});
