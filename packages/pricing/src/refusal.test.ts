import { describe, expect, it } from 'vitest';
import { refusalIsBilled } from './refusal.ts';

const lastMsBefore = (day: string) => Date.parse(day) - 1;
const firstMsOf = (day: string) => Date.parse(day);

describe('billing of refusals', () => {
  it.each(['2026-05-01', '2026-07-01', '2026-11-20'])(
    'bills every refusal after output began, as on %s',
    (day) => {
      for (const category of ['cyber', 'bio', null])
        expect(refusalIsBilled({ atMs: firstMsOf(day), category, outputBegan: true })).toBe(true);
    },
  );

  it.each<[string | null, boolean]>([
    ['bio', true],
    ['frontier_llm', true],
    ['reasoning_extraction', true],
    ['cyber', false],
    ['general_harms', false],
    [null, false],
  ])('before output, since 2026-09-24: category %s is billed: %s', (category, billed) => {
    expect(refusalIsBilled({ atMs: firstMsOf('2026-09-24'), category, outputBegan: false })).toBe(billed);
    expect(refusalIsBilled({ atMs: firstMsOf('2026-11-20'), category, outputBegan: false })).toBe(billed);
  });

  it('before output was free in every category from 2026-06-02 to 2026-09-23', () => {
    for (const category of ['bio', 'cyber', 'a_category_of_next_year', null]) {
      for (const atMs of [firstMsOf('2026-06-02'), lastMsBefore('2026-09-24')])
        expect(refusalIsBilled({ atMs, category, outputBegan: false })).toBe(false);
    }
  });

  it('before output was billed until 2026-06-01', () => {
    const atMs = lastMsBefore('2026-06-02');
    expect(refusalIsBilled({ atMs, category: null, outputBegan: false })).toBe(true);
    expect(refusalIsBilled({ atMs, category: 'cyber', outputBegan: false })).toBe(true);
  });

  it('takes a category that no list names for billed', () => {
    const atMs = firstMsOf('2026-11-20');
    expect(refusalIsBilled({ atMs, category: 'a_category_of_next_year', outputBegan: false })).toBe(true);
  });
});
