import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBook, everyTokenType, totalOf } from './book.ts';
import type { BilledUse } from './charge.ts';

const midnightMs = Date.parse('2026-11-21T00:00:00Z');

function use(endedMs: number, outputTokens: number, apiKeyId = 'apikey_a'): BilledUse {
  return {
    startedMs: endedMs,
    endedMs,
    apiKeyId,
    workspaceId: null,
    model: 'claude-opus-5-5',
    speed: 'standard',
    inferenceGeo: 'global',
    tokens: { ...everyTokenType(0), uncached_input_tokens: 10, output_tokens: outputTokens },
    webSearches: 1,
  };
}

const noExtra = { extraPicoUsd: 0n, extraFromDay: '2026-11-21', discountPercent: 0 };

describe('the book', () => {
  it('loses nothing between its cells and its total, however attempts fall into minutes and keys', () => {
    const attempts = fc.array(
      fc.record({
        atMs: fc.nat({ max: 600_000 }),
        tokens: fc.nat({ max: 9_999 }),
        key: fc.constantFrom('a', 'b'),
      }),
    );
    fc.assert(
      fc.property(attempts, (drawn) => {
        const book = createBook(noExtra);
        const charges = drawn.map(({ atMs, tokens, key }) =>
          totalOf(book.record(use(midnightMs + atMs, tokens, key))),
        );
        const cells = book.cells(midnightMs, midnightMs + 660_000);
        const total = charges.reduce((sum, charge) => sum + charge, 0n);
        expect(cells.reduce((sum, cell) => sum + totalOf(cell.charge), 0n)).toBe(total);
        expect(book.billedPicoUsd()).toBe(total);
        expect(cells.reduce((sum, cell) => sum + cell.webSearches, 0)).toBe(drawn.length);
      }),
      { seed: 20261121 },
    );
  });

  it('takes nothing off from the day on which the contract ends', () => {
    const book = createBook({ ...noExtra, discountPercent: 50, discountUntil: '2026-11-21' });
    const [last, after] = [book.record(use(midnightMs - 1, 1)), book.record(use(midnightMs, 1))];
    expect(totalOf(after)).toBe(2n * totalOf(last));
  });

  it('places an attempt by when it ended, to the millisecond', () => {
    const book = createBook(noExtra);
    book.record(use(midnightMs - 1, 1));
    book.record(use(midnightMs, 1));
    expect(book.cells(midnightMs, midnightMs + 60_000)).toHaveLength(1);
    expect(book.cells(midnightMs - 60_000, midnightMs)).toHaveLength(1);
  });

  it('bills the extra once, inside an ordinary token line', () => {
    const book = createBook({
      extraPicoUsd: 10_000_000_000n,
      extraFromDay: '2026-11-21',
      discountPercent: 0,
    });
    book.record(use(midnightMs, 100));
    book.record(use(midnightMs + 1, 100));
    const [cell, ...others] = book.cells(midnightMs, midnightMs + 60_000);
    expect(others).toEqual([]);
    expect(cell?.charge.byTokenType.output_tokens).toBe(200n * 20_000_000n + 10_000_000_000n);
    expect(cell?.tokens.output_tokens).toBe(200);
    expect(cell?.webSearches).toBe(2);
  });

  it('keeps the extra for its day while older traffic is booked', () => {
    const book = createBook({ extraPicoUsd: 7n, extraFromDay: '2026-11-21', discountPercent: 0 });
    const before = totalOf(book.record(use(midnightMs - 1, 5)));
    const after = totalOf(book.record(use(midnightMs, 5)));
    expect(after - before).toBe(7n);
  });
});
