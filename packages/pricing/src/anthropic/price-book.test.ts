import { describe, expect, it } from 'vitest';
import { findPrice, isPriced } from '../find-price.ts';
import { inEffect, type Price, type TokenRates } from '../price-book.ts';
import { builtinPriceBook, builtinPriceBookDocument } from './price-book.ts';

const noonOf = (day: string) => Date.parse(`${day}T12:00:00Z`);

/** USD per million tokens: input, cache read, 5-minute write, 1-hour write, output. Typed from the page, not from the book. */
const LIST_ON_20_NOVEMBER: readonly (readonly [string, number, number, number, number, number])[] = [
  ['claude-fable-5-2', 8, 0.2, 10, 16, 40],
  ['claude-mythos-5-2', 8, 0.2, 10, 16, 40],
  ['claude-fable-5-1', 10, 0.25, 12.5, 20, 50],
  ['claude-mythos-5-1', 10, 0.25, 12.5, 20, 50],
  ['claude-fable-5', 10, 1, 12.5, 20, 50],
  ['claude-mythos-5', 10, 1, 12.5, 20, 50],
  ['claude-opus-5-5', 4, 0.2, 5, 8, 20],
  ['claude-opus-5', 5, 0.5, 6.25, 10, 25],
  ['claude-opus-4-8', 5, 0.5, 6.25, 10, 25],
  ['claude-opus-4-7', 5, 0.5, 6.25, 10, 25],
  ['claude-opus-4-6', 5, 0.5, 6.25, 10, 25],
  ['claude-opus-4-5', 5, 0.5, 6.25, 10, 25],
  ['claude-sonnet-5-5', 2, 0.1, 2.5, 4, 10],
  ['claude-sonnet-5', 2, 0.2, 2.5, 4, 10],
  ['claude-sonnet-4-6', 3, 0.3, 3.75, 6, 15],
  ['claude-sonnet-4-5', 3, 0.3, 3.75, 6, 15],
  ['claude-haiku-5-5', 0.1, 0.01, 0.125, 0.2, 0.5],
  ['claude-haiku-4-5', 1, 0.1, 1.25, 2, 5],
];

/** The same columns for fast mode, with a day on which each was offered. */
const FAST_LIST: readonly (readonly [string, string, number, number, number, number, number])[] = [
  ['claude-fable-5-2', '2026-11-20', 16, 0.4, 20, 32, 80],
  ['claude-opus-5-5', '2026-11-20', 8, 0.4, 10, 16, 40],
  ['claude-opus-5', '2026-11-20', 10, 1, 12.5, 20, 50],
  ['claude-opus-4-8', '2026-11-20', 10, 1, 12.5, 20, 50],
  ['claude-opus-4-7', '2026-06-01', 30, 3, 37.5, 60, 150],
  ['claude-opus-4-6', '2026-06-01', 30, 3, 37.5, 60, 150],
];

const LONG_LIST: readonly (readonly [
  string,
  string,
  string,
  number,
  number,
  number,
  number,
  number,
  number,
])[] = [
  ['claude-haiku-5-5', 'standard', '2026-11-20', 100_000, 0.5, 0.05, 0.625, 1, 2.5],
  ['claude-opus-4-6', 'standard', '2026-03-01', 200_000, 10, 1, 12.5, 20, 37.5],
  ['claude-opus-4-6', 'fast', '2026-02-10', 200_000, 60, 6, 75, 120, 225],
  ['claude-sonnet-4-6', 'standard', '2026-03-01', 200_000, 6, 0.6, 7.5, 12, 22.5],
  ['claude-sonnet-4-5', 'standard', '2026-03-01', 200_000, 6, 0.6, 7.5, 12, 22.5],
  ['claude-sonnet-4-0', 'standard', '2026-03-01', 200_000, 6, 0.6, 7.5, 12, 22.5],
];

/** First day with a price and first day without, as the provider announced them; null: before any record, or not announced. */
const LIFETIMES: Record<string, readonly [string | null, string | null]> = {
  'claude-fable-5-2': ['2026-11-09', null],
  'claude-mythos-5-2': ['2026-11-09', null],
  'claude-haiku-5-5': ['2026-10-07', null],
  'claude-sonnet-5-5': ['2026-09-28', null],
  'claude-opus-5-5': ['2026-09-22', null],
  'claude-fable-5-1': ['2026-09-01', null],
  'claude-mythos-5-1': ['2026-09-01', null],
  'claude-opus-5': ['2026-07-24', null],
  'claude-sonnet-5': ['2026-06-30', null],
  'claude-fable-5': ['2026-06-09', null],
  'claude-mythos-5': ['2026-06-09', null],
  'claude-mythos-preview': ['2026-04-07', null],
  'claude-opus-4-8': ['2026-05-28', null],
  'claude-opus-4-7': ['2026-04-16', null],
  'claude-opus-4-6': ['2026-02-05', null],
  'claude-sonnet-4-6': ['2026-02-17', null],
  'claude-opus-4-5-20251101': ['2025-11-24', null],
  'claude-haiku-4-5-20251001': ['2025-10-15', null],
  'claude-sonnet-4-5-20250929': ['2025-09-29', '2026-11-30'],
  'claude-opus-4-1-20250805': ['2025-08-05', '2026-08-05'],
  'claude-opus-4-20250514': ['2025-05-22', '2026-06-15'],
  'claude-sonnet-4-20250514': ['2025-05-22', '2026-06-15'],
  'claude-3-7-sonnet-20250219': ['2025-02-24', '2026-02-19'],
  'claude-3-5-haiku-20241022': [null, '2026-02-19'],
  'claude-3-5-sonnet-20241022': [null, '2025-10-28'],
  'claude-3-5-sonnet-20240620': [null, '2025-10-28'],
  'claude-3-opus-20240229': [null, '2026-01-05'],
  'claude-3-haiku-20240307': [null, '2026-04-20'],
};

function columns(rates: TokenRates | undefined): number[] {
  if (!rates) return [];
  const { uncachedInputPicoUsd, cacheReadPicoUsd, cacheWrite5mPicoUsd, cacheWrite1hPicoUsd, outputPicoUsd } =
    rates;
  return [
    uncachedInputPicoUsd,
    cacheReadPicoUsd,
    cacheWrite5mPicoUsd,
    cacheWrite1hPicoUsd,
    outputPicoUsd,
  ].map((ratePicoUsd) => Number(ratePicoUsd) / 1_000_000);
}

function find(model: string, day: string, speed = 'standard', promptBand: Price['promptBand'] = 'standard') {
  return findPrice(builtinPriceBook, { model, backend: 'anthropic', atMs: noonOf(day), speed, promptBand });
}

describe('the built-in prices', () => {
  it.each(LIST_ON_20_NOVEMBER)('hold the listed price of %s on 20 November 2026', (model, ...listed) => {
    expect(columns(find(model, '2026-11-20')?.rates)).toEqual(listed);
  });

  it.each(FAST_LIST)('hold the listed fast price of %s on %s', (model, day, ...listed) => {
    expect(columns(find(model, day, 'fast')?.rates)).toEqual(listed);
  });

  it.each(LONG_LIST)(
    'hold the listed long-prompt price of %s at speed %s on %s',
    (model, speed, day, above, ...listed) => {
      const long = find(model, day, speed, 'long');
      expect(long?.promptTokensAbove).toBe(above);
      expect(columns(long?.rates)).toEqual(listed);
    },
  );

  it('offer no other fast mode and no other long-prompt price on 20 November 2026', () => {
    const special = builtinPriceBook.prices.filter(
      (price) =>
        inEffect(price, noonOf('2026-11-20')) && (price.speed !== 'standard' || price.promptBand === 'long'),
    );
    expect(special.map((price) => price.priceId).sort()).toEqual([
      'claude-fable-5-2@2026-11-09/fast',
      'claude-haiku-5-5@2026-10-07/long',
      'claude-opus-4-6@2026-06-29/fast',
      'claude-opus-4-8@2026-05-28/fast',
      'claude-opus-5-5@2026-09-22/fast',
      'claude-opus-5@2026-07-24/fast',
    ]);
  });

  it('are whole pico-USD at full and half price, with and without the surcharge, in every class of every row', () => {
    let checked = 0;
    for (const { rates } of builtinPriceBook.prices) {
      for (const ratePicoUsd of Object.values(rates)) {
        for (const product of [10_000n, 5_000n, 11_000n, 5_500n]) {
          expect((ratePicoUsd * product) % 10_000n).toBe(0n);
          checked += 1;
        }
      }
    }
    expect(checked).toBe(builtinPriceBook.prices.length * 5 * 4);
  });

  it('write to the cache at 1.25 and 2 times the input rate, Claude 3 Haiku alone excepted', () => {
    const odd = builtinPriceBook.prices.filter(
      ({ rates }) =>
        rates.cacheWrite5mPicoUsd * 4n !== rates.uncachedInputPicoUsd * 5n ||
        rates.cacheWrite1hPicoUsd !== rates.uncachedInputPicoUsd * 2n,
    );
    expect(odd.map((price) => price.priceId)).toEqual(['claude-3-haiku-20240307@launch']);
  });

  it('read from the cache at a tenth of the input rate, or at a rate this list names', () => {
    const shares = new Map<string, number>();
    for (const { model, priceId, rates } of builtinPriceBook.prices) {
      const share = Number(rates.cacheReadPicoUsd) / Number(rates.uncachedInputPicoUsd);
      if (share !== 0.1) shares.set(priceId.includes('/') ? model : priceId, share);
    }
    expect(Object.fromEntries(shares)).toEqual({
      'claude-fable-5-2': 0.025,
      'claude-fable-5-2@2026-11-09': 0.025,
      'claude-mythos-5-2@2026-11-09': 0.025,
      'claude-fable-5-1@2026-09-01': 0.025,
      'claude-mythos-5-1@2026-09-01': 0.025,
      'claude-opus-5-5': 0.05,
      'claude-opus-5-5@2026-09-22': 0.05,
      'claude-sonnet-5-5@2026-10-07': 0.05,
      'claude-3-haiku-20240307@launch': 0.12,
    });
  });

  it('name every row by its model, its first day, its speed and its band', () => {
    for (const price of builtinPriceBook.prices) {
      const day = Number.isFinite(price.startMs)
        ? new Date(price.startMs).toISOString().slice(0, 10)
        : 'launch';
      const speed = price.speed === 'standard' ? '' : `/${price.speed}`;
      const band = price.promptBand === 'standard' ? '' : '/long';
      expect(price.priceId).toBe(`${price.model}@${day}${speed}${band}`);
    }
  });

  it('say of every row where it was read and how sure that is', () => {
    for (const price of builtinPriceBook.prices) {
      expect(price.source.length).toBeGreaterThan(10);
      expect(price.source).not.toContain('undefined');
    }
    const unsure = builtinPriceBook.prices.filter((price) => price.confidence === 'low');
    expect(unsure.map((price) => price.model)).toEqual(['claude-mythos-preview']);
  });

  it('price every model they name from its first to its last announced day, without a gap', () => {
    const dayOf = (ms: number) => (Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 10) : null);
    const lifetimes = new Map<string, readonly [string | null, string | null]>();
    for (const { model } of builtinPriceBookDocument.models) {
      const track = builtinPriceBook.prices.filter(
        (price) => price.model === model && price.speed === 'standard' && price.promptBand === 'standard',
      );
      for (const [index, price] of track.entries())
        expect(track[index + 1]?.startMs ?? price.endMs).toBe(price.endMs);
      lifetimes.set(model, [dayOf(track.at(0)?.startMs ?? 0), dayOf(track.at(-1)?.endMs ?? 0)]);
    }
    expect(Object.fromEntries(lifetimes)).toEqual(LIFETIMES);
  });

  it('never give a batch discount on fast mode, except where fast is billed as standard', () => {
    const discounted = builtinPriceBook.prices.filter(
      (price) => price.speed === 'fast' && price.batchPercent !== 100,
    );
    expect(discounted.map((price) => price.priceId)).toEqual(['claude-opus-4-6@2026-06-29/fast']);
  });
});

describe('price history', () => {
  it.each(builtinPriceBook.prices.map((price) => [price.priceId, price] as const))(
    '%s begins and ends at 00:00 UTC of its days',
    (_priceId, price) => {
      const at = (atMs: number) =>
        findPrice(builtinPriceBook, { ...price, backend: 'anthropic', atMs })?.priceId ?? null;
      if (Number.isFinite(price.startMs)) {
        expect(at(price.startMs)).toBe(price.priceId);
        expect(at(price.startMs - 1)).not.toBe(price.priceId);
      }
      if (Number.isFinite(price.endMs)) {
        expect(at(price.endMs - 1)).toBe(price.priceId);
        expect(at(price.endMs)).not.toBe(price.priceId);
      }
    },
  );

  it('cut the cache read of Sonnet 5.5 in half on 2026-10-07 and left its other rates', () => {
    const before = find('claude-sonnet-5-5', '2026-10-06');
    const after = find('claude-sonnet-5-5', '2026-10-07');
    expect(before?.rates.cacheReadPicoUsd).toBe(200_000n);
    expect(after?.rates.cacheReadPicoUsd).toBe(100_000n);
    expect({ ...after?.rates, cacheReadPicoUsd: 200_000n }).toEqual(before?.rates);
  });

  it('does not know the cancelled rise of Sonnet 5', () => {
    expect(columns(find('claude-sonnet-5', '2026-09-01')?.rates)).toEqual([2, 0.2, 2.5, 4, 10]);
  });

  it('dropped the long-prompt price of Opus 4.6 on 2026-03-13, and that of its fast mode before', () => {
    expect(find('claude-opus-4-6', '2026-03-12', 'standard', 'long')).not.toBeNull();
    expect(find('claude-opus-4-6', '2026-03-13', 'standard', 'long')).toBeNull();
    expect(find('claude-opus-4-6', '2026-02-21', 'fast', 'long')).not.toBeNull();
    expect(find('claude-opus-4-6', '2026-02-22', 'fast', 'long')).toBeNull();
  });

  it('bills fast on Opus 4.6 as standard since 2026-06-29', () => {
    expect(columns(find('claude-opus-4-6', '2026-06-28', 'fast')?.rates)).toEqual([30, 3, 37.5, 60, 150]);
    expect(columns(find('claude-opus-4-6', '2026-06-29', 'fast')?.rates)).toEqual([5, 0.5, 6.25, 10, 25]);
  });

  it('ends the price of a retired model on its last day', () => {
    expect(isPriced(builtinPriceBook, 'claude-sonnet-4-5', noonOf('2026-11-29'))).toBe(true);
    expect(isPriced(builtinPriceBook, 'claude-sonnet-4-5', noonOf('2026-11-30'))).toBe(false);
    expect(isPriced(builtinPriceBook, 'claude-opus-4-8', noonOf('2026-12-01'))).toBe(true);
  });
});
