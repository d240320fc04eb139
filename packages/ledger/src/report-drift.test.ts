import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportDrift } from './report-drift.ts';

const SEED = 20_261_121;

const row = fc.record({
  model: fc.constantFrom('opus', 'sonnet'),
  amount: fc.integer({ min: 0, max: 3 }).map(String),
  cache_creation: fc.record({ ephemeral_5m_input_tokens: fc.integer({ min: 0, max: 1 }) }),
});
const report = fc.array(
  fc.record({
    starting_at: fc.constantFrom('2026-10-14', '2026-10-15'),
    results: fc.array(row, { maxLength: 4 }),
  }),
  { maxLength: 4 },
);
const reversed = (data: { results: unknown[] }[]) =>
  data.map((bucket) => ({ ...bucket, results: [...bucket.results].reverse() })).reverse();
const textOf = (rows: readonly object[]) =>
  rows.map((item) => JSON.stringify(Object.entries(item).sort())).sort();

describe('the drift between two versions of a report', () => {
  it('is what one says and the other does not: taken from the one and added, it makes the other', () => {
    fc.assert(
      fc.property(report, report, (earlier, later) => {
        const { removed, added } = reportDrift({ data: earlier }, { data: later }, []);
        const all = (data: unknown) => textOf(reportDrift(null, { data }, ['']).added);
        const left = [...all(earlier)];
        for (const gone of textOf(removed)) left.splice(left.indexOf(gone), 1);
        expect([...left, ...textOf(added)].sort()).toEqual(all(later));
        const both = textOf(removed).filter((text) => textOf(added).includes(text));
        expect(both).toEqual([]);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('is nothing where the same rows come in another order, on other pages, under another watermark', () => {
    fc.assert(
      fc.property(report, (data) => {
        const earlier = { data, data_refreshed_at: '08:00', next_page: 'a' };
        const later = { data: reversed(data), data_refreshed_at: '12:00', next_page: null };
        const ignored = ['data_refreshed_at', 'next_page'];
        expect(reportDrift(earlier, later, ignored)).toEqual({ removed: [], added: [] });
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('names a changed row as it was and as it is, with the bucket that it stands in', () => {
    const version = (amount: string) => ({
      data: [{ starting_at: '2026-10-14', results: [{ model: 'opus', tiers: ['a'], cost: { amount } }] }],
    });
    const fields = {
      'data.starting_at': '2026-10-14',
      'data.results.model': 'opus',
      'data.results.tiers': '["a"]',
    };
    expect(reportDrift(version('1.5'), version('2'), [])).toEqual({
      removed: [{ ...fields, 'data.results.cost.amount': '1.5' }],
      added: [{ ...fields, 'data.results.cost.amount': '2' }],
    });
  });

  it('counts a row as often as it stands there', () => {
    const twice = [{ amount: '1' }, { amount: '1' }, { amount: '1' }];
    expect(reportDrift(twice, twice.slice(1), [])).toEqual({ removed: [{ amount: '1' }], added: [] });
  });
});
