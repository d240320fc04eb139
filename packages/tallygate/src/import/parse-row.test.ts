import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { usdCell } from './cells.ts';
import { columnMapFrom } from './columns.ts';
import { createRowReader } from './parse-row.ts';

const NOW_MS = Date.UTC(2026, 10, 21);
const SEED = 20_261_121;
const PLAIN = { timestamp: '2026-10-01T10:00:00Z', model: 'm', prompt_tokens: 10, completion_tokens: 2 };

function parse(record: Record<string, unknown>, map?: string) {
  return createRowReader(columnMapFrom(map)).read(record, NOW_MS);
}

describe('an export is understood', () => {
  it.each<[string, Record<string, unknown>]>([
    ['as the issue of a finance team writes it', PLAIN],
    ['of LiteLLM', { ...PLAIN, timestamp: undefined, startTime: '2026-10-01 10:00:00.000' }],
    [
      'of OpenAI form',
      { created: 1_790_848_800, model: 'm', usage: { prompt_tokens: 10, completion_tokens: 2 } },
    ],
    [
      'of Langfuse',
      {
        startTime: '2026-10-01T10:00:00.000Z',
        providedModelName: 'm',
        usageDetails: { input: 10, output: 2 },
      },
    ],
    [
      'of OpenTelemetry, with nanoseconds',
      {
        start_time: '1790848800000000000',
        'gen_ai.response.model': 'm',
        'gen_ai.usage.input_tokens': 10,
        'gen_ai.usage.output_tokens': 2,
      },
    ],
    [
      'of a spreadsheet',
      { Timestamp: '2026-10-01 10:00', Model: 'm', 'Prompt Tokens': '10', 'Completion Tokens': '2.0' },
    ],
  ])('%s', (_what, record) => {
    expect(parse(record)).toMatchObject({
      atMs: Date.UTC(2026, 9, 1, 10),
      model: 'm',
      usage: { uncachedInputTokens: 10, outputTokens: 2 },
    });
  });

  it('prompt tokens hold those of the cache, input tokens do not', () => {
    const cache = { cache_read_input_tokens: 3, cache_creation_input_tokens: 4 };
    expect(parse({ ...PLAIN, ...cache }).usage).toMatchObject({
      uncachedInputTokens: 3,
      cacheReadInputTokens: 3,
      cacheWriteUnsplitInputTokens: 4,
    });
    expect(parse({ ...PLAIN, ...cache, input_tokens: 10 }).usage.uncachedInputTokens).toBe(10);
  });

  it('with lifetimes of cache writes as far as it names them', () => {
    const nested = { cache_creation: { ephemeral_1h_input_tokens: 1 }, cache_creation_input_tokens: 4 };
    expect(parse({ ...PLAIN, usage: nested }).usage).toMatchObject({
      cacheWrite1hInputTokens: 1,
      cacheWriteUnsplitInputTokens: 3,
    });
  });

  it.each([
    [{ latency_ms: '812.6' }, 813],
    [{ duration_ms: 0 }, null],
    [{}, null],
    [{ latency_ms: '' }, null],
    [{ latency_ms: 'n/a' }, null],
    [{ latency_ms: -1 }, null],
  ])('with the latency that it has, and none where it has none: %o', (cells, latencyMs) => {
    expect(parse({ ...PLAIN, ...cells }).latencyMs).toBe(latencyMs);
  });

  it('by --map before anything else', () => {
    expect(parse({ ...PLAIN, who: 'x', day: '2026-10-02' }, 'team=who,timestamp=day')).toMatchObject({
      atMs: Date.UTC(2026, 9, 2),
      attribution: { team: 'x' },
    });
  });

  it('and says once which columns it does not read', () => {
    const reader = createRowReader(columnMapFrom(undefined));
    for (const extra of [{ foo: 1 }, { foo: 2, bar: { baz: 3 } }])
      reader.read({ ...PLAIN, ...extra }, NOW_MS);
    expect(reader.unknownColumns()).toEqual(['foo', 'bar.baz']);
  });
});

describe('a row is set aside', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ model: '' }, 'it names no model'],
    [{ timestamp: undefined }, 'it has no timestamp'],
    [{ timestamp: '03/04/2026' }, 'timestamp "03/04/2026" is no instant'],
    [{ timestamp: '2026-02-30' }, 'timestamp "2026-02-30" is no instant'],
    [{ timestamp: '2027-01-01' }, 'timestamp "2027-01-01" lies in the future'],
    [{ timestamp: '2019-01-01' }, 'timestamp "2019-01-01" lies before 2023'],
    [{ timestamp: 'ann@example.com' }, 'timestamp "…" is no instant'],
    [{ prompt_tokens: -1 }, 'prompt_tokens "-1" is not a count'],
    [{ prompt_tokens: 1.5 }, 'prompt_tokens "1.5" is not a count'],
    [{ prompt_tokens: '1e3' }, 'prompt_tokens "1e3" is not a count'],
    [{ prompt_tokens: undefined }, 'it has no prompt tokens'],
    [{ completion_tokens: null }, 'it has no output tokens'],
    [{ cached_tokens: 11 }, 'its prompt tokens are less than what it read from the cache and wrote to it'],
    [{ cost_per_token_prompt: 'free' }, 'cost_per_token_prompt "free" is no price'],
    [{ cost_per_token_prompt: '-0.1' }, 'cost_per_token_prompt "-0.1" is no price'],
    [{ cost_per_token_prompt: 3 }, 'cost_per_token_prompt "3" is more than 1 USD per token'],
    [{ provider: 'openai' }, 'provider "openai" is not one that runs Claude'],
  ])('%o: %s', (change, reason) => {
    expect(() => parse({ ...PLAIN, ...change })).toThrow(reason);
  });
});

describe('a price', () => {
  it.each([
    ['0.000003', 3_000_000n],
    ['3e-06', 3_000_000n],
    [3e-6, 3_000_000n],
    [3e-7, 300_000n],
    ['.0000000375', 37_500n],
    ['$0.5', 500_000_000_000n],
    ['0', 0n],
  ])('%s is exact', (written, amountPicoUsd) => {
    expect(usdCell(written, 'c', 'token')).toEqual({ amountPicoUsd, rounded: false });
  });

  it('finer than a pico-USD, as sums of floats are, is rounded half to even and says so', () => {
    expect(usdCell(1e-6 * 3.3, 'c', 'token')).toEqual({
      amountPicoUsd: 3_300_000n,
      rounded: true,
    });
    expect(usdCell('0.0000000000005', 'c', 'token')?.amountPicoUsd).toBe(0n);
    expect(usdCell('0.0000000000015', 'c', 'token')?.amountPicoUsd).toBe(2n);
  });

  it('is the same as a number of JSON, a decimal and a power of ten', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999 }), (pico) => {
        const decimal = `0.${String(pico).padStart(12, '0')}`;
        for (const written of [decimal, `${pico}e-12`, JSON.parse(decimal)])
          expect(usdCell(written, 'c', 'token')).toEqual({ amountPicoUsd: BigInt(pico), rounded: false });
      }),
      { seed: SEED },
    );
  });
});
