/**
 * Every billed line of the recorded exchanges, charged by us and by the separate program that wrote the truth records from the
 * documented billing rules. Exact in pico-USD: one pico of difference on one line fails.
 */
import { existsSync, readFileSync } from 'node:fs';
import { builtinPriceBook, type Charge, charge } from '@tallygate/pricing';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

const RECORDINGS = new URL('../../../shared/recordings/', import.meta.url);
const FILES = ['truth.jsonl', 'truth.derived.jsonl'] as const;

const truthLineSchema = z.object({
  model: z.string(),
  uncached_input_tokens: z.number(),
  cache_read_tokens: z.number(),
  cache_write_5m_tokens: z.number(),
  cache_write_1h_tokens: z.number(),
  cache_write_unsplit_tokens: z.number(),
  output_tokens: z.number(),
  thinking_tokens: z.number().nullable(),
  web_search_requests: z.number(),
  web_fetch_requests: z.number(),
  service_tier: z.string().nullable(),
  speed: z.string().nullable(),
  inference_geo: z.string().nullable(),
  billed: z.boolean(),
  price_date: z.iso.date().nullable(),
  priced_as: z.string().nullable(),
  list_cost_pico_usd: z.int().nullable(),
});
const truthSchema = z.object({
  id: z.string(),
  lines: z.array(truthLineSchema),
  list_cost_pico_usd: z.int().nullable(),
});
type TruthLine = z.output<typeof truthLineSchema>;
type Truth = z.output<typeof truthSchema>;

const isPresent = FILES.every((file) => existsSync(new URL(file, RECORDINGS)));

function readTruths(file: string): Truth[] {
  const text = readFileSync(new URL(file, RECORDINGS), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => truthSchema.parse(JSON.parse(line)));
}

function chargeOf(line: TruthLine): Charge {
  return charge(builtinPriceBook, {
    model: line.model,
    backend: 'anthropic',
    atMs: Date.parse(`${line.price_date ?? '2026-11-20'}T12:00:00Z`),
    usage: {
      uncachedInputTokens: line.uncached_input_tokens,
      cacheReadInputTokens: line.cache_read_tokens,
      cacheWrite5mInputTokens: line.cache_write_5m_tokens,
      cacheWrite1hInputTokens: line.cache_write_1h_tokens,
      cacheWriteUnsplitInputTokens: line.cache_write_unsplit_tokens,
      outputTokens: line.output_tokens,
      thinkingTokens: line.thinking_tokens,
      webSearchRequests: line.web_search_requests,
      webFetchRequests: line.web_fetch_requests,
    },
    serviceTier: line.service_tier,
    speed: line.speed,
    inferenceGeo: line.inference_geo,
    billed: line.billed,
    unpricedModels: 'dearest',
  });
}

describe('prices against the truth of the recordings', () => {
  beforeEach((context) => context.skip(!isPresent, 'skipped: no recordings'));

  const truths = isPresent ? FILES.flatMap(readTruths) : [];
  const lines = truths.flatMap((truth) =>
    truth.lines.map((line, index) => ({ ...line, name: `${truth.id} ${index}` })),
  );
  const priced = lines.filter((line) => line.list_cost_pico_usd !== null);

  it('charges every priced line exactly, to the pico', () => {
    const wrong = priced
      .map((line) => ({
        name: line.name,
        truth: BigInt(line.list_cost_pico_usd ?? -1),
        ours: chargeOf(line).listCostPicoUsd,
      }))
      .filter(({ truth, ours }) => truth !== ours);
    expect(wrong).toEqual([]);
    process.stdout.write(
      `pricing truth: ${priced.length} of ${lines.length} lines have a price, all exact\n`,
    );
    expect(priced.length).toBeGreaterThan(650);
  });

  it('prices each line as the model that the truth names, and flags none of them as unpriced', () => {
    const wrong = priced.filter((line) => {
      const { priceId, flags } = chargeOf(line);
      return flags.includes('unpriced') || priceId?.split('@')[0] !== line.priced_as;
    });
    expect(wrong.map((line) => line.name)).toEqual([]);
  });

  it('adds the lines of every exchange up to its total', () => {
    const complete = truths.filter((truth) => truth.list_cost_pico_usd !== null);
    const wrong = complete.filter((truth) => {
      const sum = truth.lines.reduce((total, line) => total + chargeOf(line).listCostPicoUsd, 0n);
      return sum !== BigInt(truth.list_cost_pico_usd ?? -1);
    });
    expect(wrong.map((truth) => truth.id)).toEqual([]);
    expect(complete.length).toBeGreaterThan(500);
  });

  it('charges a line without a price more than nothing, and says so', () => {
    const unpriced = lines.filter((line) => line.list_cost_pico_usd === null);
    expect(unpriced.length).toBeGreaterThan(0);
    for (const line of unpriced) {
      const ours = chargeOf(line);
      expect(ours.flags).toContain('unpriced');
      expect(ours.listCostNanoUsd).toBeGreaterThan(0n);
    }
  });
});
