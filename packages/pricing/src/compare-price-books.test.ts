import { describe, expect, it } from 'vitest';
import { builtinPriceBook, builtinPriceBookDocument } from './anthropic/price-book.ts';
import { changesThePast, comparePriceBooks } from './compare-price-books.ts';
import { parsePriceBook } from './parse-price-book.ts';
import type { PriceBookDocument } from './price-document.ts';
import { priceWarnings } from './price-warnings.ts';

type Row = PriceBookDocument['prices'][number];

const NOW = Date.parse('2026-11-21T12:00:00Z');
const DECEMBER = Date.parse('2026-12-01T00:00:00Z');
const OPUS = 'claude-opus-5-5@2026-09-22';

/** The built-in book with its rows edited, and more of them behind. */
function edited(edit: (row: Row) => Row | null, more: Row[] = [], changes: Partial<PriceBookDocument> = {}) {
  const prices = builtinPriceBookDocument.prices.map(edit).filter((row) => row !== null);
  return parsePriceBook({ ...builtinPriceBookDocument, prices: [...prices, ...more], ...changes });
}
const rowOf = (priceId: string): Row => {
  const row = builtinPriceBookDocument.prices.find((each) => each.priceId === priceId);
  if (row === undefined) throw new Error(`no row ${priceId}`);
  return row;
};
const only =
  (priceId: string, change: Partial<Row>) =>
  (row: Row): Row =>
    row.priceId === priceId ? { ...row, ...change } : row;
const changesTo = (after: ReturnType<typeof edited>) => comparePriceBooks(builtinPriceBook, after);
const pastOf = (after: ReturnType<typeof edited>) =>
  changesTo(after).filter((change) => changesThePast(change, NOW));

describe('two price books', () => {
  it('do not differ from themselves, nor by sources, confidence and the day they were read', () => {
    expect(changesTo(builtinPriceBook)).toEqual([]);
    const retold = edited(only(OPUS, { source: 'elsewhere', confidence: 'low' }), [], { asOf: '2026-11-21' });
    expect(changesTo(retold)).toEqual([]);
  });

  it('differ from the day of a new price on, and the past stays as it was', () => {
    const later = { ...rowOf(OPUS), priceId: 'claude-opus-5-5@2026-12-01', effectiveFrom: '2026-12-01' };
    const after = edited(only(OPUS, { effectiveTo: '2026-12-01' }), [later]);
    expect(changesTo(after)).toMatchObject([
      {
        kind: 'price',
        model: 'claude-opus-5-5',
        startMs: DECEMBER,
        endMs: Number.POSITIVE_INFINITY,
        before: { priceId: OPUS },
        after: { priceId: 'claude-opus-5-5@2026-12-01' },
      },
    ]);
    expect(pastOf(after)).toEqual([]);
  });

  it.each<[string, Partial<Row>]>([
    ['a rate', { usdPerMtok: { ...rowOf(OPUS).usdPerMtok, input: '4.1' } }],
    ['the batch discount', { batchPercent: 100 }],
    ['the price id, which rows name', { priceId: 'opus' }],
  ])('change the past by %s of a row that was charged by', (_what, change) => {
    expect(pastOf(edited(only(OPUS, change)))).toMatchObject([
      { model: 'claude-opus-5-5', startMs: Date.parse('2026-09-22'), before: { priceId: OPUS } },
    ]);
  });

  it('change the past by a row that is gone or ends earlier, for as long as it is missing', () => {
    expect(pastOf(edited((row) => (row.priceId === OPUS ? null : row)))).toMatchObject([{ after: null }]);
    expect(pastOf(edited(only(OPUS, { effectiveTo: '2026-11-21' })))).toMatchObject([
      { startMs: Date.parse('2026-11-21'), endMs: Number.POSITIVE_INFINITY, after: null },
    ]);
    const inForceTomorrow = edited(only(OPUS, { effectiveTo: '2026-11-22' }));
    expect([changesTo(inForceTomorrow).length, pastOf(inForceTomorrow).length]).toEqual([1, 0]);
  });

  it('do not change the past by a price for what had none', () => {
    const fast: Row = { ...rowOf(OPUS), priceId: 'turbo', speed: 'turbo', effectiveFrom: '2026-11-01' };
    const after = edited((row) => row, [fast]);
    expect(changesTo(after)).toMatchObject([{ speed: 'turbo', before: null, after: { priceId: 'turbo' } }]);
    expect(pastOf(after)).toEqual([]);
  });

  it('change the past by a surcharge of a model or a name, which have no dates', () => {
    const models = builtinPriceBookDocument.models.map((model) =>
      model.model === 'claude-opus-5-5' ? { ...model, usPercent: 120, platformIds: {} } : model,
    );
    const past = pastOf(edited((row) => row, [], { models }));
    expect(new Set(past.map(({ kind }) => kind))).toEqual(new Set(['price', 'name']));
    const names = past.flatMap((change) => (change.kind === 'name' ? [change] : []));
    expect(names.length).toBeGreaterThan(1);
    expect(names.every(({ after }) => after === null)).toBe(true);
  });

  it('differ by limits, which change no charge of the past', () => {
    const models = builtinPriceBookDocument.models.map((model) =>
      model.model === 'claude-opus-5-5' ? { ...model, maxOutputTokens: 1 } : model,
    );
    const after = edited((row) => row, [], { models });
    expect(changesTo(after)).toMatchObject([{ kind: 'limits', model: 'claude-opus-5-5' }]);
    expect(pastOf(after)).toEqual([]);
  });

  it('differ by the fee of searches', () => {
    const [fee] = builtinPriceBookDocument.webSearchFees;
    if (fee === undefined) throw new Error('no fee');
    const webSearchFees = [
      { ...fee, effectiveTo: '2026-12-01' },
      { ...fee, feeId: 'new', effectiveFrom: '2026-12-01', usdPerThousand: '8' },
    ];
    const after = edited((row) => row, [], { webSearchFees });
    expect(changesTo(after)).toMatchObject([{ kind: 'fee', startMs: DECEMBER, after: { feeId: 'new' } }]);
    expect(pastOf(after)).toEqual([]);
  });
});

describe('warnings about a price book', () => {
  const warned = (after: ReturnType<typeof edited>) => {
    const usual = new Set(priceWarnings(builtinPriceBook).map(({ priceId }) => priceId));
    return priceWarnings(after).filter(({ priceId }) => !usual.has(priceId));
  };
  const rates = rowOf(OPUS).usdPerMtok;

  it('find one odd row in the built-in prices, which is as the provider published it', () => {
    expect(priceWarnings(builtinPriceBook)).toEqual([
      { priceId: 'claude-3-haiku-20240307@launch', warning: 'a 5-minute cache write is not 1.25 × input' },
    ]);
  });

  it.each<[string, Partial<Row>, string]>([
    [
      '5-minute writes',
      { usdPerMtok: { ...rates, cacheWrite5m: '5.5' } },
      'a 5-minute cache write is not 1.25 × input',
    ],
    [
      '1-hour writes',
      { usdPerMtok: { ...rates, cacheWrite1h: '5' } },
      'a 1-hour cache write is not 2 × input',
    ],
    ['reads', { usdPerMtok: { ...rates, cacheRead: '4' } }, 'a cache read costs no less than input'],
    ['output', { usdPerMtok: { ...rates, output: '2' } }, 'output costs no more than input'],
  ])('name the row and the ratio of its %s', (_what, change, warning) => {
    expect(warned(edited(only(OPUS, change)))).toContainEqual({ priceId: OPUS, warning });
  });

  it('find a fast row that reads at another share, or is discounted in batches', () => {
    const fast = `${OPUS}/fast`;
    const changed = { usdPerMtok: { ...rowOf(fast).usdPerMtok, cacheRead: '1' }, batchPercent: 50 };
    expect(warned(edited(only(fast, changed)))).toEqual([
      { priceId: fast, warning: `a cache read is another share of input than in "${OPUS}"` },
      { priceId: fast, warning: '50 percent in batches, where speed "fast" has no discount' },
    ]);
  });

  it('find days without a price between two rows', () => {
    const later = { ...rowOf(OPUS), priceId: 'later', effectiveFrom: '2026-12-02' };
    expect(warned(edited(only(OPUS, { effectiveTo: '2026-12-01' }), [later]))).toEqual([
      { priceId: 'later', warning: `nothing has a price between "${OPUS}" and it` },
    ]);
  });
});
