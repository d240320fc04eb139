import { NO_USAGE, type TokenUsage } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinPriceBook } from './anthropic/price-book.ts';
import { type ChargeInput, charge } from './charge.ts';
import type { ContractPricesDocument } from './contract-document.ts';
import { contractsWithoutModel, parseContractPrices } from './contract-prices.ts';
import { estimate } from './estimate.ts';
import { livePriceBook } from './live-price-book.ts';

type Entry = ContractPricesDocument[number];

const SOURCE = 'order form of 2026-01-05';
const RATES = { input: '3', cacheRead: '0.15', cacheWrite5m: '3.75', cacheWrite1h: '6', output: '15' };
const off = (discountPercent: string, changes: Partial<Entry> = {}): Entry => ({
  id: `off-${discountPercent}`,
  discountPercent,
  source: SOURCE,
  ...changes,
});
const agreed = (changes: Partial<Entry> = {}): Entry => ({
  id: 'agreed',
  model: 'claude-opus-5-5',
  usdPerMtok: RATES,
  source: SOURCE,
  ...changes,
});

const noon = Date.parse('2026-11-20T12:00:00Z');
const line: ChargeInput = {
  model: 'claude-opus-5-5',
  backend: 'anthropic',
  atMs: noon,
  usage: { ...NO_USAGE, uncachedInputTokens: 1_000, outputTokens: 100 },
  serviceTier: 'standard',
  speed: 'standard',
  inferenceGeo: 'global',
  billed: true,
  unpricedModels: 'dearest',
};
/** 1,000 × 4 + 100 × 20 USD per million on Opus 5.5. */
const LIST_NANO_USD = 6_000_000n;
const chargeUnder = (contracts: Entry[], changes: Partial<ChargeInput> = {}) =>
  charge(livePriceBook(null, contracts), { ...line, ...changes });
const paidUnder = (contracts: Entry[], changes: Partial<ChargeInput> = {}) =>
  chargeUnder(contracts, changes).contractedCostNanoUsd;

describe('a contract price', () => {
  it('stands beside the list cost, which stays what it was', () => {
    expect(chargeUnder([off('12.5')])).toEqual({
      ...chargeUnder([]),
      contractedCostNanoUsd: 5_250_000n,
      contractId: 'off-12.5',
    });
    expect(chargeUnder([])).toMatchObject({
      listCostNanoUsd: LIST_NANO_USD,
      contractedCostNanoUsd: LIST_NANO_USD,
      contractId: null,
    });
  });

  it.each<[string, Partial<ChargeInput>, bigint, bigint]>([
    ['a batch', { serviceTier: 'batch' }, 2_700_000n, 2_250_000n],
    ['a US pin', { inferenceGeo: 'us' }, 5_940_000n, 4_950_000n],
    ['a US batch', { serviceTier: 'batch', inferenceGeo: 'us' }, 2_970_000n, 2_475_000n],
    ['fast mode, which has no agreed rates', { speed: 'fast' }, 10_800_000n, 12_000_000n],
  ])('stacks with %s as list does', (_case, changes, discounted, atRates) => {
    expect(paidUnder([off('10')], changes)).toBe(discounted);
    expect(paidUnder([agreed()], changes)).toBe(atRates);
  });

  it('begins at 00:00 UTC of its first day and ends at 00:00 UTC of the day after its last', () => {
    const year = [off('50', { effectiveFrom: '2026-10-01', effectiveTo: '2026-11-01' })];
    const begins = Date.parse('2026-10-01T00:00:00Z');
    const ends = Date.parse('2026-11-01T00:00:00Z');
    const paidAt = (atMs: number) => paidUnder(year, { atMs });
    expect([begins - 1, begins, ends - 1, ends].map(paidAt)).toEqual([
      LIST_NANO_USD,
      LIST_NANO_USD / 2n,
      LIST_NANO_USD / 2n,
      LIST_NANO_USD,
    ]);
  });

  it('gives way to a more exact one: agreed rates, then the model, then every model', () => {
    const all = off('1');
    const model = off('2', { model: 'claude-opus-5-5' });
    const used = (contracts: Entry[], changes: Partial<ChargeInput> = {}) =>
      chargeUnder(contracts, changes).contractId;
    expect(used([all, model, agreed()])).toBe('agreed');
    expect(used([agreed(), model, all], { speed: 'fast' })).toBe('off-2');
    expect(used([all, model, agreed()], { model: 'claude-sonnet-5-5' })).toBe('off-1');
    expect(used([model, agreed()], { model: 'claude-sonnet-5-5' })).toBeNull();
  });

  it('is for the speed and the prompt band that it names', () => {
    const rates = [
      agreed({ id: 'fast', speed: 'fast' }),
      agreed({ id: 'long', model: 'claude-haiku-5-5', promptBand: 'long' }),
    ];
    const usage = { ...NO_USAGE, uncachedInputTokens: 100_001 };
    const used = (changes: Partial<ChargeInput>) => chargeUnder(rates, changes).contractId;
    expect([used({ speed: 'fast' }), used({})]).toEqual(['fast', null]);
    expect([used({ model: 'claude-haiku-5-5', usage }), used({ model: 'claude-haiku-5-5' })]).toEqual([
      'long',
      null,
    ]);
  });

  it('holds for a model under all of its names', () => {
    const contracts = [off('10', { model: 'claude-haiku-4-5' })];
    const names = ['claude-haiku-4-5', 'claude-haiku-4-5-20251001'];
    expect(names.map((model) => chargeUnder(contracts, { model }).contractId)).toEqual(['off-10', 'off-10']);
  });

  it('discounts tokens, not the fees of tools', () => {
    const usage = { ...line.usage, webSearchRequests: 1 };
    const { listCostNanoUsd, contractedCostNanoUsd } = chargeUnder([off('50')], { usage });
    expect(listCostNanoUsd).toBe(LIST_NANO_USD + 10_000_000n);
    expect(contractedCostNanoUsd).toBe(LIST_NANO_USD / 2n + 10_000_000n);
  });

  it('does not reach a price that nobody knew', () => {
    const { listCostNanoUsd, contractedCostNanoUsd, contractId } = chargeUnder([off('50')], {
      model: 'claude-next-6',
    });
    expect(contractedCostNanoUsd).toBe(listCostNanoUsd);
    expect(contractId).toBeNull();
  });

  it('makes nothing of what is not billed', () => {
    expect(paidUnder([off('50')], { billed: false })).toBe(0n);
  });

  it('is what holds are made of', () => {
    const request = {
      ...line,
      promptTokens: 1_000,
      cacheWriteTtl: null,
      maxOutputTokens: 100,
      expectedShareMillionths: 500_000,
      batch: false,
      webSearchMaxUses: 1,
      iterations: 1,
    };
    expect(estimate(livePriceBook(null, [off('50')]), request)).toMatchObject({
      expectedNanoUsd: 6_500_000n,
      worstNanoUsd: 13_000_000n,
    });
  });
});

describe('rounding under a contract', () => {
  it.each<[string, number, bigint]>([
    ['to the even neighbour below', 1, 0n],
    ['to the even neighbour above', 3, 2n],
  ])('takes a tie %s', (_where, tokens, paidNanoUsd) => {
    // Half of 1,000 pico-USD per token: every odd count ends in half a nano.
    const rates = { ...RATES, cacheRead: '0.0005' };
    const usage = { ...NO_USAGE, cacheReadInputTokens: tokens };
    expect(paidUnder([agreed({ usdPerMtok: rates })], { usage })).toBe(paidNanoUsd);
  });

  it('happens once, on the exact amount, in any mixture of percentages', () => {
    const count = fc.integer({ min: 0, max: 2_000_000 });
    fc.assert(
      fc.property(
        fc.record({
          discountPpm: fc.integer({ min: 1, max: 999_999 }),
          input: count,
          read: count,
          output: count,
        }),
        fc.constantFrom('standard', 'batch'),
        fc.constantFrom('global', 'us'),
        ({ discountPpm, input, read, output }, serviceTier, inferenceGeo) => {
          const digits = discountPpm.toString().padStart(6, '0');
          const percent = `${Number(digits.slice(0, 2))}.${digits.slice(2)}`;
          const usage: TokenUsage = {
            ...NO_USAGE,
            uncachedInputTokens: input,
            cacheReadInputTokens: read,
            outputTokens: output,
          };
          const charged = chargeUnder([off(percent)], { usage, serviceTier, inferenceGeo });
          const exact = charged.listCostPicoUsd * BigInt(1_000_000 - discountPpm);
          const errorTwice = 2n * (charged.contractedCostNanoUsd * 1_000_000_000n - exact);
          expect(errorTwice <= 1_000_000_000n && errorTwice >= -1_000_000_000n).toBe(true);
          if (errorTwice === 1_000_000_000n || errorTwice === -1_000_000_000n)
            expect(charged.contractedCostNanoUsd % 2n).toBe(0n);
        },
      ),
      { seed: 20261121, numRuns: 1_000 },
    );
  });
});

describe('contract prices that cannot be right', () => {
  it.each<[string, unknown, string]>([
    ['neither a discount nor rates', [{ id: 'a', source: SOURCE }], '"a": it needs either'],
    ['both of them', [agreed({ discountPercent: '5' })], '"agreed": it needs either'],
    ['rates for every model', [agreed({ model: null })], '"agreed": its rates need the model'],
    ['a discount at one speed', [off('5', { speed: 'fast' })], '"off-5": a discount covers every speed'],
    ['all of it off', [off('100')], '"off-100": discountPercent must be a decimal below 100'],
    ['nothing off', [off('0.0000')], '"off-0.0000": discountPercent must be more than 0'],
    ['a fifth digit', [off('1.00001')], '"off-1.00001": discountPercent must be a decimal'],
    ['a rate of zero', [agreed({ usdPerMtok: { ...RATES, input: '0' } })], '"agreed": usdPerMtok.input must'],
    [
      'an end before its start',
      [off('5', { effectiveFrom: '2026-02-01', effectiveTo: '2026-02-01' })],
      'not after',
    ],
    ['two of one id', [off('5'), off('5')], '"off-5": another one has the same id'],
    ['no list', { id: 'a' }, 'Contract price list: Invalid input'],
    ['an entry without an id', [{ discountPercent: '5', source: SOURCE }], 'Contract price number 1: id'],
    ['a field nobody knows', [{ ...off('5'), modle: 'x' }], 'Unrecognized key: "modle"'],
  ])('are refused with their name: %s', (_case, document, fault) => {
    expect(() => parseContractPrices(document)).toThrow(fault);
  });

  it('are refused where two cover the same model on one day, under whatever names', () => {
    const overlapping = [
      off('5', { model: 'claude-haiku-4-5', effectiveFrom: '2026-06-01' }),
      off('6', { model: 'claude-haiku-4-5-20251001', effectiveTo: '2026-06-02' }),
    ];
    expect(() => livePriceBook(null, overlapping)).toThrow('"off-5": it starts before "off-6" ends');
    const [first = off('5'), second = off('6')] = overlapping;
    expect(() => livePriceBook(null, [first, { ...second, effectiveTo: '2026-06-01' }])).not.toThrow();
  });

  it('name a model that the book does not know without harm to the others, and can be listed', () => {
    const book = livePriceBook(null, [off('5', { model: 'claude-next-6' }), off('6')]);
    expect(contractsWithoutModel(book).map(({ contractId }) => contractId)).toEqual(['off-5']);
    expect(charge(book, line).contractId).toBe('off-6');
  });

  it('are none where nothing was agreed: the book is the built-in one itself', () => {
    for (const nothing of [null, undefined, []]) expect(livePriceBook(null, nothing)).toBe(builtinPriceBook);
  });
});
