import { MEASURES } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { budgetKeyIn, measureOf, parseBudgetKey, parsePeriodKey, periodKey, redisKeys } from './keys.ts';

describe('the name of a budget period', () => {
  const budgetId = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,62}$/);
  const unit = fc.constantFrom('day' as const, 'month' as const);

  test('reads back as what it was made of', () => {
    fc.assert(
      fc.property(budgetId, unit, fc.integer({ min: -(10 ** 13), max: 10 ** 14 }), (id, period, startMs) => {
        expect(parsePeriodKey(periodKey({ id, period, scope: {} }, startMs))).toEqual({
          budgetId: id,
          unit: period,
          startMs,
          value: null,
        });
      }),
    );
  });

  test('says which budget it is of, and what that is measured in', () => {
    fc.assert(
      fc.property(budgetId, unit, fc.constantFrom(...MEASURES), (id, period, measure) => {
        const key = periodKey({ id, period, measure, scope: {} }, 7);
        expect([budgetKeyIn(key), measureOf(key)]).toEqual([id, measure]);
      }),
    );
  });

  const keyOf = (value: string) =>
    periodKey({ id: 'each', period: 'day', each: 'feature', scope: { feature: value } }, 7);
  const anyValue = fc.oneof(
    fc.string({ minLength: 1, unit: 'binary' }),
    fc.string({ minLength: 1, maxLength: 400, unit: 'grapheme' }),
    fc.constantFrom(
      'a:b',
      'a|b@c,d',
      '{x}',
      '%',
      '~',
      ' ',
      '\n',
      '\ud800',
      '\u{1f600}'.repeat(300),
      'x'.repeat(5_000),
    ),
  );

  test('of one value holds no sign that keys are joined by, names the value, and is no longer than 300 characters', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const key = keyOf(value);
        const read = parsePeriodKey(key);
        expect(key).toMatch(/^each:day:7:[^:|@,{}\s]+$/);
        expect(key.length).toBeLessThanOrEqual(300);
        if (encodeURIComponent(Buffer.from(value).toString()).length <= 240) {
          expect(read?.value).toBe(Buffer.from(value).toString());
        }
        // Whoever names the budget by what the key says asks for the same counter.
        expect(keyOf(read?.value ?? '')).toBe(key);
        expect(parseBudgetKey(budgetKeyIn(key))).toEqual({ budgetId: 'each', value: read?.value });
      }),
    );
  });

  test('of two long values differ, however much their beginnings are alike', () => {
    expect(keyOf(`${'x'.repeat(500)}a`)).not.toBe(keyOf(`${'x'.repeat(500)}b`));
  });

  test.each([
    '',
    'all',
    'all:month',
    'all:month:',
    'all:fortnight:1',
    'All:month:1',
    'a:b:month:1',
    'all:month:1.5',
    'all:month:1|S',
    'all:month:1@2',
    'all:month:1\n',
    'all:month:1:',
    'all:month:1:a:b',
    'all:month:1:%',
    'all:month:1:%ff',
    'all:month:1:%C3',
  ])('%j is none', (text) => {
    expect(parsePeriodKey(text)).toBeNull();
  });
});

describe('keys in Redis', () => {
  test('all keys of an organization share one hash tag: one slot, one atomic script', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'grapheme' }),
        fc.string({ minLength: 1 }),
        (organization, attemptId) => {
          const keys = redisKeys(organization);
          const tags = [keys.state, keys.attempt(attemptId), keys.budget('all:month:0')].map(hashTag);
          expect(new Set(tags)).toEqual(new Set([encodeURIComponent(organization)]));
        },
      ),
    );
  });

  test('two organizations share no key', () => {
    expect(redisKeys('a').state).not.toBe(redisKeys('b').state);
    expect(redisKeys('a}:state').state).not.toBe(redisKeys('a').state);
  });
});

/** What Redis Cluster hashes: the part between the first brace and the next closing one. */
function hashTag(key: string): string | undefined {
  return /^[^{]*\{([^}]+)\}/.exec(key)?.[1];
}
