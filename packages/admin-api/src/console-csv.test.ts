import { describe, expect, it } from 'vitest';
import { readConsoleCsv } from './console-csv.ts';

const rowsOf = (...values: Record<string, string>[]) =>
  values.map((value, index) => ({ file: 'bill.csv', line: index + 2, value }));
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
    const [day] = readConsoleCsv(rowsOf(COST)).days;
    expect(day).toMatchObject({ startMs: Date.UTC(2026, 10, 18), usage: [] });
    expect(day?.costs).toMatchObject([
      {
        amountPicoUsd: 123_456_789_012n,
        listAmountPicoUsd: 200_000_000_000n,
        group: { model: 'Claude Opus 5', api_key_id: 'ci-runner', speed: null, token_type: 'output' },
      },
    ]);
    expect(readConsoleCsv(rowsOf(USAGE)).days[0]?.usage[0]?.usage).toEqual({
      uncachedInputTokens: 7,
      cacheWrite5mInputTokens: 1,
      cacheWrite1hInputTokens: 2,
      cacheReadInputTokens: 3,
      outputTokens: 4,
      webSearchRequests: 5,
    });
  });

  it('name a key by its id where they have both', () => {
    const [day] = readConsoleCsv(rowsOf({ ...COST, api_key_id: 'apikey_1' })).days;
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

  it('say "--" where there is no model, no tier and no kind of tokens', () => {
    const search = { ...COST, model: '--', usage_type: '--', token_type: '--', cost_type: 'web_search' };
    const [day] = readConsoleCsv(rowsOf(search)).days;
    const group = { model: null, service_tier: null, token_type: null, cost_type: 'web_search' };
    expect(day?.costs).toMatchObject([{ group }]);
  });

  it('tell hours apart where they are of one day, which has them all', () => {
    const hours = ['02:00', '03:00'].map((hour) => ({ ...USAGE, usage_date_utc: `2026-11-18 ${hour}` }));
    const { days, remarks } = readConsoleCsv(rowsOf(...hours));
    expect(days.map(({ usage }) => usage.length)).toEqual([2]);
    expect(remarks).toEqual([]);
  });

  it('add up rows that tell the same things apart, and say how many', () => {
    const { days, remarks } = readConsoleCsv(rowsOf(COST, { ...COST, cost_usd: '1' }, COST));
    expect(days[0]?.costs).toHaveLength(3);
    expect(remarks).toEqual(['Rows that the file tells apart from no other are added up: 2.']);
  });

  it('say how far cents may be off', () => {
    const cents = [
      { ...COST, cost_usd: '0.19' },
      { ...COST, cost_usd: '1', token_type: 'input_no_cache' },
      { ...COST, cost_usd: '0.00', model: 'Claude Haiku 4.5' },
      { ...COST, cost_usd: '0.00', model: 'Claude Haiku 4.5' },
    ];
    const { remarks } = readConsoleCsv(rowsOf(...cents));
    expect(remarks[1]).toBe(
      'Amounts are rounded to the cent: what was billed may be up to $0.02 more or less.',
    );
  });

  it('are refused where a day stands twice, a file holds what another one holds, or a count has no column', () => {
    expect(() => readConsoleCsv(rowsOf(COST, COST))).toThrow(malformed);
    expect(() => readConsoleCsv(rowsOf(COST), rowsOf({ ...COST, cost_usd: '1' }))).toThrow(malformed);
    const { usage_output_tokens: _gone, ...rest } = USAGE;
    expect(() => readConsoleCsv(rowsOf(rest))).toThrow(malformed);
  });
});
