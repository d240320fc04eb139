import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { picoFromDecimalUsd, readBilledCsv, readConsoleCsv } from './billed-csv.ts';

const rowsOf = (...values: Record<string, string>[]) =>
  values.map((value, index) => ({ line: index + 2, value }));
const malformed = expect.objectContaining({ code: 'TALLYGATE_REPORT_MALFORMED' });

const COST = {
  usage_date_utc: '2026-11-18',
  model: 'Claude Opus 5',
  workspace: 'Default',
  api_key: 'ci-runner',
  usage_type: 'standard',
  context_window: '≤ 200k',
  token_type: 'output',
  cost_usd: '0.123456789012',
  list_price_usd: '0.2',
  cost_type: 'token',
  inference_geo: 'global',
  speed: '',
};
const USAGE = {
  usage_date_utc: '2026-11-18',
  model_version: 'claude-opus-5',
  api_key: 'ci-runner',
  workspace: 'Default',
  usage_input_tokens_no_cache: '7',
  usage_input_tokens_cache_write_5m: '1',
  usage_input_tokens_cache_write_1h: '2',
  usage_input_tokens_cache_read: '3',
  usage_output_tokens: '4',
  web_search_count: '5',
};

describe('cost and usage as the Console exports them', () => {
  it('are read exactly, into the form that reports have', () => {
    const [day] = readConsoleCsv(rowsOf(COST));
    expect(day).toMatchObject({ startMs: Date.UTC(2026, 10, 18), usage: [] });
    expect(day?.costs).toMatchObject([
      {
        amountPicoUsd: 123_456_789_012n,
        listAmountPicoUsd: 200_000_000_000n,
        group: { model: 'Claude Opus 5', api_key_id: 'ci-runner', speed: null, token_type: 'output' },
      },
    ]);
    expect(readConsoleCsv(rowsOf(USAGE))[0]?.usage[0]?.usage).toEqual({
      uncachedInputTokens: 7,
      cacheWrite5mInputTokens: 1,
      cacheWrite1hInputTokens: 2,
      cacheReadInputTokens: 3,
      outputTokens: 4,
      webSearchRequests: 5,
    });
  });

  it('name a key by its id where they have both', () => {
    const [day] = readConsoleCsv(rowsOf({ ...COST, api_key_id: 'apikey_1' }));
    expect(day?.costs[0]?.group.api_key_id).toBe('apikey_1');
  });

  it.each([
    ['a column of amounts that is not known', { ...COST, surcharge_usd: '1' }],
    ['a column of tokens that is not known', { ...USAGE, usage_input_tokens_cache_write_24h: '1' }],
    ['an amount that is none', { ...COST, cost_usd: '1,5' }],
    ['an amount that pico-USD cannot hold', { ...COST, cost_usd: '0.0000000000001' }],
    ['no amount', { ...COST, cost_usd: '' }],
    ['a count that is none', { ...USAGE, usage_output_tokens: '1.5' }],
    ['a day that is none', { ...COST, usage_date_utc: '2026-02-30' }],
  ])('are refused whole for %s', (_case, row) => {
    expect(() => readConsoleCsv(rowsOf(row))).toThrow(malformed);
  });

  it('are refused where a row stands twice, or a count has no column', () => {
    expect(() => readConsoleCsv(rowsOf(COST, COST))).toThrow(malformed);
    const { usage_output_tokens: _gone, ...rest } = USAGE;
    expect(() => readConsoleCsv(rowsOf(rest))).toThrow(malformed);
  });
});

describe('a bill of another cloud', () => {
  const columns = { date: 'day', amount: 'BilledCost', model: 'sku', currency: 'cur' };
  const row = {
    day: '2026-11-18T00:00:00Z',
    BilledCost: '1.2E-7',
    sku: 'claude',
    cur: 'USD',
    EffectiveCost: '9',
  };

  it('is read by the columns that are named for it; rows of one day and group are all there', () => {
    const [day] = readBilledCsv(rowsOf(row, { ...row, BilledCost: '-0.5' }), columns);
    expect(day?.costs).toMatchObject([
      { amountPicoUsd: 120_000n, group: { model: 'claude' } },
      { amountPicoUsd: -500_000_000_000n },
    ]);
  });

  it.each([
    ['another currency', { ...row, cur: 'EUR' }],
    ['a missing column', { day: row.day, sku: row.sku, cur: row.cur }],
    ['an amount in words', { ...row, BilledCost: 'n/a' }],
  ])('is refused whole for %s', (_case, changed) => {
    expect(() => readBilledCsv(rowsOf(changed as typeof row), columns)).toThrow(malformed);
  });
});

it('an amount is read exactly or not at all, with an exponent or without', () => {
  const pico = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
  fc.assert(
    fc.property(pico, fc.integer({ min: -6, max: 6 }), (amount, exponent) => {
      const magnitude = amount < 0n ? -amount : amount;
      const digits = magnitude.toString().padStart(40, '0');
      const point = digits.length - 12 - exponent;
      const text = `${amount < 0n ? '-' : ''}${digits.slice(Math.max(0, point - 18), point)}.${digits.slice(point) || '0'}E${exponent}`;
      expect(picoFromDecimalUsd(text)).toBe(amount);
    }),
    { seed: 20261121 },
  );
  for (const text of ['', '.5', '1.', '1e', '0x1', '1 2', '1E-13', 'NaN', '1e999'])
    expect(picoFromDecimalUsd(text), text).toBeNull();
});
