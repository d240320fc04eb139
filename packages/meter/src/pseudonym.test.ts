import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  looksLikeEmailAddress,
  pseudonymOf,
  REDACTED,
  withoutAddress,
  withoutAddresses,
} from './pseudonym.ts';

const KEY = 'k'.repeat(32);

describe('what looks like an e-mail address', () => {
  it.each([
    'bob@example.com',
    'Bob <bob.smith+tickets@mail.example.co.uk>',
    'mailto:bob@example.com?subject=x',
    'tickets of bob@example.com, urgent',
    'bob%40example.com',
    'böb@münchen.example',
    'bob@sub.sub.sub.sub.example.org',
    'a@b.cd',
    'x@@bob@example.com',
  ])('%s is one', (value) => {
    expect(looksLikeEmailAddress(value)).toBe(true);
    expect(withoutAddress(value, KEY)).toBe(pseudonymOf(KEY, value));
    expect(withoutAddress(value, null)).toBe(REDACTED);
  });

  it.each([
    '',
    'ticket-summary',
    '@scope/package',
    'package@1.2.33',
    'claude-haiku-4-5@20251001',
    'europe-west1/claude@latest',
    'bob at example.com',
    'bob@localhost',
    '100%',
    'a @ b.com',
  ])('%s is none, and stays as it is', (value) => {
    expect(withoutAddress(value, KEY)).toBe(value);
  });

  it('is found wherever it stands in any text', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,12}$/);
    const address = fc
      .tuple(word, word, fc.stringMatching(/^[a-z]{2,8}$/))
      .map(([user, host, top]) => `${user}@${host}.${top}`);
    fc.assert(
      fc.property(fc.string(), address, fc.string(), (before, found, after) => {
        expect(looksLikeEmailAddress(`${before} ${found} ${after}`)).toBe(true);
      }),
      { seed: 20261121, numRuns: 500 },
    );
  });

  it('is decided without going over a long hostile text again and again', () => {
    const hostile = ['a@'.repeat(50_000), `a@${'b.'.repeat(50_000)}`, `a@${'b'.repeat(100_000)}`];
    for (const text of hostile) expect(looksLikeEmailAddress(text)).toBe(false);
  });
});

describe('a pseudonym', () => {
  it('is the same for the same value and key, differs by either, and holds nothing of the value', () => {
    expect(pseudonymOf(KEY, 'bob')).toBe(pseudonymOf(KEY, 'bob'));
    expect(pseudonymOf(KEY, 'bob')).not.toBe(pseudonymOf(KEY, 'Bob'));
    expect(pseudonymOf(KEY, 'bob')).not.toBe(pseudonymOf('other', 'bob'));
    expect(pseudonymOf(KEY, 'bob')).toMatch(/^[\w-]{22}$/);
  });
});

describe('a value with addresses within', () => {
  it('loses them at any depth, in names too, and keeps the rest', () => {
    const value = { a: ['bob@example.com', 1, null, { 'x@example.org': true }], b: 'plain' };
    expect(withoutAddresses(value, null)).toEqual({
      a: [REDACTED, 1, null, { [REDACTED]: true }],
      b: 'plain',
    });
  });

  it('is unchanged, to the last field, where there are none', () => {
    const json = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(json, (value) => {
        fc.pre(!JSON.stringify(value).includes('@') && !JSON.stringify(value).includes('%40'));
        expect(JSON.stringify(withoutAddresses(value, KEY))).toBe(JSON.stringify(value));
      }),
      { seed: 20261121 },
    );
  });
});
