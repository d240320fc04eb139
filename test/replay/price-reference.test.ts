/**
 * Every row of the researched price list, charged by us on its first and on its last day in every class, speed, prompt band, tier and
 * place that the row speaks of. Exact in pico-USD. The list was put together apart from the price book.
 */
import { existsSync, readFileSync } from 'node:fs';
import { builtinPriceBook, type ChargeInput, charge } from '@tallygate/pricing';
import { NO_USAGE, type TokenUsage } from '@tallygate/usage';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

const REFERENCE = new URL('../../../shared/reference/pricing.json', import.meta.url);
const isPresent = existsSync(REFERENCE);

const rates = z.object({
  input: z.number(),
  output: z.number(),
  cache_write_5m: z.number().nullable(),
  cache_write_1h: z.number().nullable(),
  cache_read: z.number().nullable(),
});
const rowSchema = z.object({
  model: z.string(),
  effective_from: z.iso.date().nullable(),
  effective_to: z.iso.date().nullable(),
  usd_per_mtok: rates,
  batch_multiplier: z.literal(0.5).nullable(),
  long_context: z.object({ threshold_tokens: z.int(), usd_per_mtok: rates }).nullable(),
  fast: z.object({ usd_per_mtok: rates }).nullable(),
  geo_multipliers: z.object({ us: z.literal(1.1).nullable() }),
});
type Row = z.output<typeof rowSchema>;

const CLASSES: [keyof z.output<typeof rates>, keyof TokenUsage][] = [
  ['input', 'uncachedInputTokens'],
  ['output', 'outputTokens'],
  ['cache_write_5m', 'cacheWrite5mInputTokens'],
  ['cache_write_1h', 'cacheWrite1hInputTokens'],
  ['cache_read', 'cacheReadInputTokens'],
];

function rowsOfReference(): Row[] {
  return z.object({ models: z.array(rowSchema) }).parse(JSON.parse(readFileSync(REFERENCE, 'utf8'))).models;
}

/** A rate of the list in pico-USD per token, by its digits: 0.125 USD per million tokens is 125,000. */
function picoUsd(usdPerMtok: number): bigint {
  const [whole = '', fraction = ''] = String(usdPerMtok).split('.');
  return BigInt(whole + fraction.padEnd(6, '0'));
}

const DAY_MS = 86_400_000;

/** The first and the last instant of a row, within the time the list speaks of. */
function edgesOf({ effective_from: from, effective_to: to }: Row): number[] {
  const last = to === null ? Date.parse('2026-11-20T23:59:59.999Z') : Date.parse(to) - 1;
  return [from === null ? last - DAY_MS : Date.parse(from), last];
}

interface Reading {
  rates: z.output<typeof rates>;
  speed: string;
  /** Tokens of the prompt, beside the one that is priced. */
  promptTokens: number;
  tiers: [string, bigint][];
}

function readingsOf(row: Row): Reading[] {
  const standard: [string, bigint] = ['standard', 100n];
  const tiers = row.batch_multiplier === null ? [standard] : [standard, ['batch', 50n] as [string, bigint]];
  const { long_context: long, fast } = row;
  return [
    { rates: row.usd_per_mtok, speed: 'standard', promptTokens: 0, tiers },
    ...(long === null
      ? []
      : [{ rates: long.usd_per_mtok, speed: 'standard', promptTokens: long.threshold_tokens + 1, tiers }]),
    ...(fast === null
      ? []
      : [{ rates: fast.usd_per_mtok, speed: 'fast', promptTokens: 0, tiers: [standard] }]),
  ];
}

interface Charged {
  input: Pick<ChargeInput, 'model' | 'atMs' | 'speed' | 'serviceTier' | 'inferenceGeo'>;
  usage: TokenUsage;
  expectedPicoUsd: bigint;
}

/** One token of each class, in every tier and place. */
function chargesOf(row: Row, reading: Reading, atMs: number): Charged[] {
  const places: [string, bigint][] = [['global', 100n]];
  if (row.geo_multipliers.us !== null) places.push(['us', 110n]);
  return reading.tiers.flatMap(([serviceTier, tierPercent]) =>
    places.flatMap(([inferenceGeo, placePercent]) =>
      tokensOf(reading).map(({ usage, listedPicoUsd }) => ({
        input: { model: row.model, atMs, speed: reading.speed, serviceTier, inferenceGeo },
        usage,
        expectedPicoUsd: (listedPicoUsd * tierPercent * placePercent) / 10_000n,
      })),
    ),
  );
}

function tokensOf({ rates: listed, promptTokens }: Reading): { usage: TokenUsage; listedPicoUsd: bigint }[] {
  const prompt: TokenUsage = { ...NO_USAGE, uncachedInputTokens: promptTokens };
  const promptPicoUsd = BigInt(promptTokens) * picoUsd(listed.input);
  return CLASSES.flatMap(([name, counted]) => {
    const rate = listed[name];
    if (rate === null) return [];
    const usage = { ...prompt, [counted]: Number(prompt[counted]) + 1 };
    return [{ usage, listedPicoUsd: promptPicoUsd + picoUsd(rate) }];
  });
}

function isAsListed({ input, usage, expectedPicoUsd }: Charged): boolean {
  const context = { backend: 'anthropic', billed: true, unpricedModels: 'dearest' } as const;
  return charge(builtinPriceBook, { ...context, ...input, usage }).listCostPicoUsd === expectedPicoUsd;
}

describe('the price book against the researched list', () => {
  beforeEach((context) => {
    if (!isPresent) context.skip('no researched price list beside the repository');
  });

  it('charges every class of every row as listed, on its first and its last day, in every combination', () => {
    const rows = rowsOfReference();
    const charges = rows.flatMap((row) =>
      edgesOf(row).flatMap((atMs) => readingsOf(row).flatMap((reading) => chargesOf(row, reading, atMs))),
    );
    expect(charges.filter((charged) => !isAsListed(charged))).toEqual([]);
    expect([rows.length >= 40, charges.length > 1_000]).toEqual([true, true]);
  });
});
