import { builtinPriceBook, type PriceBook } from '@tallygate/pricing';
import { NO_USAGE, type UsageEvent, type UsageLine } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rerateEvent } from './correct-line.ts';
import { bookTimes, CALL, eventOf, lineOf, MODELS, type Used } from './testing/made-usage.ts';

const SEED = 20_261_121;
const used: fc.Arbitrary<Used> = fc.record({
  model: fc.constantFrom(...MODELS),
  input: fc.integer({ min: 0, max: 300_000 }),
  cacheRead: fc.integer({ min: 0, max: 90_001 }),
  cacheWrite: fc.integer({ min: 0, max: 9_001 }),
  output: fc.integer({ min: 0, max: 9_001 }),
  searches: fc.integer({ min: 0, max: 3 }),
  tier: fc.constantFrom(null, 'standard', 'batch'),
  billed: fc.boolean(),
});

/** As the ledger holds it after --apply. */
function applied(event: UsageEvent, book: PriceBook): UsageEvent {
  const corrections = rerateEvent(event, book, 'dearest').flatMap(({ correction }) => correction ?? []);
  return { ...event, lines: [...event.lines, ...corrections] };
}

function sums({ lines }: UsageEvent) {
  const exactPicoUsd = (line: UsageLine) => line.listCostNanoUsd * 1_000n + BigInt(line.roundingPicoUsd);
  return {
    exactPicoUsd: lines.reduce((sum, line) => sum + exactPicoUsd(line), 0n),
    listNanoUsd: lines.reduce((sum, line) => sum + line.listCostNanoUsd, 0n),
    contractedNanoUsd: lines.reduce((sum, line) => sum + line.contractedCostNanoUsd, 0n),
    searchNanoUsd: lines.reduce((sum, line) => sum + line.webSearchCostNanoUsd, 0n),
    outputTokens: lines.reduce((sum, line) => sum + line.usage.outputTokens, 0),
  };
}

describe('re-rating', () => {
  it('leaves usage at what the prices in force would have charged, to the pico, however often they change', () => {
    const books = [1, 2, 3, 7].map(bookTimes);
    const book = fc.constantFrom(...books);
    fc.assert(
      fc.property(
        fc.array(used, { minLength: 1, maxLength: 4 }),
        book,
        fc.array(book, { minLength: 1, maxLength: 4 }),
        (calls, charged, changes) => {
          const recorded = eventOf(calls.map((call, index) => lineOf(call, index, charged)));
          const last = changes.at(-1) as PriceBook;
          const fresh = eventOf(calls.map((call, index) => lineOf(call, index, last)));
          const after = changes.reduce(applied, recorded);
          expect(sums(after)).toEqual(sums(fresh));
          expect(applied(after, last).lines).toEqual(after.lines);
          const identities = after.lines.map(({ line }) => line);
          expect(new Set(identities).size).toBe(identities.length);
        },
      ),
      { seed: SEED, numRuns: 150 },
    );
  });

  it('names the price before and after, and repeats no token', () => {
    const [outcome] = rerateEvent(eventOf([lineOf(CALL, 0, builtinPriceBook)]), bookTimes(2), 'dearest');
    expect(outcome?.correction).toMatchObject({
      line: 1_000,
      lineType: 'message',
      usage: NO_USAGE,
      listCostNanoUsd: 3_000_200n,
      flags: ['correction', expect.stringMatching(/^was:/)],
    });
  });

  it('made twice of the same rows is the same row', () => {
    const event = eventOf([lineOf(CALL, 0, builtinPriceBook)]);
    const book = bookTimes(3);
    expect(rerateEvent(event, book, 'dearest')).toEqual(rerateEvent(event, book, 'dearest'));
  });

  it.each([
    ['stands for several attempts', 'folded:12', 'claude-sonnet-4-5', 'folded'],
    ['brought its own price and has none in the book', 'imported_price', MODELS[2], 'imported_price'],
  ])('leaves alone what %s', (_what, flag, model, reason) => {
    const line = { ...lineOf({ ...CALL, model: model as string }, 0, builtinPriceBook), flags: [flag] };
    const [outcome] = rerateEvent(eventOf([line]), bookTimes(2), 'dearest');
    expect(outcome).toMatchObject({ correction: null, leftAlone: reason });
    expect(outcome?.after).toEqual(outcome?.before);
  });
});
