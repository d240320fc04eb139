import { describe, expect, it } from 'vitest';
import { sayAge, sayCount, sayDays, sayInstant, sayMonth, sayShare, sayUsd } from './words.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 14, 8);
const MINUTE_MS = 60_000;

describe('money in words', () => {
  it.each([
    [0n, '$0.00'],
    [1n, '<$0.01'],
    [9_999_999n, '<$0.01'],
    [10_000_000n, '$0.01'],
    [1_234_567_890_000_000n, '$1,234,567.89'],
    [-1n, '−<$0.01'],
    [-310_500_000_000n, '−$310.50'],
  ])('%s nano-USD is %s', (amount, said) => {
    expect(sayUsd(amount)).toBe(said);
  });

  it.each([
    [0n, 0n, ''],
    [0n, 10n, '0%'],
    [1n, 1_000n, '<1%'],
    [5n, 1_000n, '1%'],
    [333n, 1_000n, '33%'],
    [10n, 10n, '100%'],
    [10n, -10n, ''],
  ])('%s of %s is "%s": something is never nothing, and nothing has no share', (part, whole, said) => {
    expect(sayShare(part, whole)).toBe(said);
  });

  it('counts with the right ending', () => {
    expect([sayCount(0, 'call'), sayCount(1, 'call'), sayCount(1234, 'call')]).toEqual([
      '0 calls',
      '1 call',
      '1,234 calls',
    ]);
  });
});

describe('time in words', () => {
  it.each([
    [0, 'just now'],
    [-5_000, 'just now'],
    [3 * MINUTE_MS, '3 min old'],
    [59 * MINUTE_MS, '59 min old'],
    [60 * MINUTE_MS, '1 h old'],
    [47 * 60 * MINUTE_MS, '47 h old'],
    [48 * 60 * MINUTE_MS, '2 days old'],
  ])('%i ms ago is "%s"', (ageMs, said) => {
    expect(sayAge(NOW_MS - ageMs, NOW_MS)).toBe(said);
  });

  it('names the day only when it is another one, in UTC', () => {
    expect(sayInstant(NOW_MS - 3 * MINUTE_MS, NOW_MS)).toBe('14:05 UTC');
    expect(sayInstant(Date.UTC(2026, 10, 20, 23, 59), NOW_MS)).toBe('20 November 2026, 23:59 UTC');
    expect(sayMonth({ startMs: Date.UTC(2026, 10, 1) })).toBe('November 2026');
  });

  it('leaves the end of a range out', () => {
    const day = Date.UTC(2026, 10, 21);
    expect(sayDays(day, day + 86_400_000)).toBe('21 November 2026');
    expect(sayDays(Date.UTC(2026, 10, 1), day)).toBe('1 November 2026 to 20 November 2026');
  });
});
