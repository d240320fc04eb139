import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePeriodKey, periodKey, redisKeys } from './keys.ts';

describe('the name of a budget period', () => {
  const budgetId = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,62}$/);
  const unit = fc.constantFrom('day' as const, 'month' as const);

  test('reads back as what it was made of', () => {
    fc.assert(
      fc.property(budgetId, unit, fc.integer({ min: -(10 ** 13), max: 10 ** 14 }), (id, period, startMs) => {
        expect(parsePeriodKey(periodKey({ id, period }, startMs))).toEqual({
          budgetId: id,
          unit: period,
          startMs,
        });
      }),
    );
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
