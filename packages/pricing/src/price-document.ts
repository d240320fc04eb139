import { z } from 'zod';
import type { TokenRates } from './price-book.ts';

/**
 * The form in which a price book is written, published and stored: plain JSON, in the provider's own units so that a row can
 * be held against the price page by eye. `parsePriceBook` turns it into integers.
 */

const DECIMAL_USD = /^(\d{1,6})(?:\.(\d{1,6}))?$/;

/**
 * A rate in the unit of the price page. Exact, because one USD per million tokens is 1,000,000 pico-USD per token: "0.125" is
 * 125,000. Zero is refused: a forgotten rate must not become a free model.
 */
const usdPerMtok = z
  .string()
  .regex(DECIMAL_USD, 'must be a decimal string of USD with at most six fraction digits')
  .transform(millionths)
  .refine((ratePicoUsd) => ratePicoUsd > 0n, 'must be more than 0');

/** "10" USD per thousand searches is 10,000,000,000 pico-USD per search. Zero is allowed: a tool may be free. */
const usdPerThousand = z
  .string()
  .regex(DECIMAL_USD, 'must be a decimal string of USD with at most six fraction digits')
  .transform((text) => millionths(text) * 1_000n);

function millionths(text: string): bigint {
  const [, whole = '', fraction = ''] = DECIMAL_USD.exec(text) ?? [];
  return BigInt(whole + fraction.padEnd(6, '0'));
}

/** What a million tokens of each class cost. */
export const tokenRatesSchema = z
  .strictObject({
    input: usdPerMtok,
    cacheRead: usdPerMtok,
    cacheWrite5m: usdPerMtok,
    cacheWrite1h: usdPerMtok,
    output: usdPerMtok,
  })
  .transform(
    (rates): TokenRates =>
      Object.freeze({
        uncachedInputPicoUsd: rates.input,
        cacheReadPicoUsd: rates.cacheRead,
        cacheWrite5mPicoUsd: rates.cacheWrite5m,
        cacheWrite1hPicoUsd: rates.cacheWrite1h,
        outputPicoUsd: rates.output,
      }),
  );

const confidence = z.enum(['high', 'medium', 'low']);
const percent = z.number().int().min(1).max(1000);
const tokenLimit = z.number().int().min(1);
const modelId = z.string().min(1);

/** First day inclusive and last day exclusive, both at 00:00 UTC. Null: since before, or until further notice. */
const effectiveDates = { effectiveFrom: z.iso.date().nullable(), effectiveTo: z.iso.date().nullable() };
const provenance = { confidence, source: z.string().min(1) };

/** A model under every exact name it is called by. Nothing is ever matched by prefix. */
const modelSchema = z.strictObject({
  model: modelId,
  aliases: z.array(modelId).default([]),
  platformIds: z
    .strictObject({ bedrock: z.array(modelId).default([]), vertex: z.array(modelId).default([]) })
    .prefault({}),
  contextWindowTokens: tokenLimit,
  maxOutputTokens: tokenLimit,
  /** Ceiling in a batch, where the provider allows more; the context window where it is not known. */
  batchMaxOutputTokens: tokenLimit,
  /** Applied where inference was pinned to the US. 100: the model takes no such pin. */
  usPercent: percent,
  /** Applied by partner clouds away from their global endpoint. */
  regionalPercent: percent,
});

/** What one model costs at one speed, in one prompt band, between two dates. */
const priceSchema = z.strictObject({
  /** Written on every usage row that was priced with it. Never reused for other numbers. */
  priceId: z.string().min(1),
  model: modelId,
  /** As the provider reports it in `usage.speed`. */
  speed: z.string().min(1).default('standard'),
  /** Present on the row of a long-prompt band: it holds for prompts of more than this many tokens, for every token of them. */
  promptTokensAbove: z.number().int().min(0).nullable().default(null),
  ...effectiveDates,
  usdPerMtok: tokenRatesSchema,
  batchPercent: percent.default(50),
  ...provenance,
});

const webSearchFeeSchema = z.strictObject({
  feeId: z.string().min(1),
  ...effectiveDates,
  usdPerThousand,
  ...provenance,
});

export const priceBookDocumentSchema = z.strictObject({
  version: z.literal(1),
  /** The last day on which the prices were looked at. */
  asOf: z.iso.date(),
  /** Prefixes that a Bedrock model id may carry, by where they send the call. Expanded to whole ids, never matched. */
  bedrockProfiles: z.strictObject({ global: z.array(z.string()), regional: z.array(z.string()) }),
  models: z.array(modelSchema).min(1),
  prices: z.array(priceSchema).min(1),
  webSearchFees: z.array(webSearchFeeSchema).min(1),
});

/** What people write. */
export type PriceBookDocument = z.input<typeof priceBookDocumentSchema>;
/** What is left after defaults and integers. */
export type CheckedDocument = z.output<typeof priceBookDocumentSchema>;
export type ModelEntry = CheckedDocument['models'][number];
export type PriceEntry = CheckedDocument['prices'][number];
