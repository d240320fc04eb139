import type { ProviderMessage } from './provider-message.ts';

/** One answer and what it must cost. Amounts are worked out by hand from the price list, never by code of ours. */
export interface BillingCase {
  /** Completes "charges …" or states the rule. */
  rule: string;
  /** The instant of the call; 2026-11-20 at noon where the day does not matter. */
  at?: string;
  /** Fields of the request that matter. */
  request?: Record<string, unknown>;
  answer: ProviderMessage;
  status?: 'ok' | 'refused';
  lines: ExpectedLine[];
  /** What the budget is charged: the sum of the lines. */
  totalUsd: string;
}

export interface ExpectedLine {
  type: string;
  model: string;
  /** How it comes about stands beside it. */
  usd: string;
  /** True unless said otherwise. */
  billed?: boolean;
  flags?: string[];
}

/**
 * List prices in USD per million tokens that the cases use, as of 2026-11-20:
 *
 *                      input   write 5m   write 1h   read   output
 *   claude-fable-5-2     8      10         16        0.20    40
 *   claude-opus-5-5      4       5          8        0.20    20     fast: twice all of them
 *   claude-opus-4-8      5       6.25      10        0.50    25
 *   claude-sonnet-5-5    2       2.50       4        0.10    10
 *   claude-haiku-5-5     0.10    0.125      0.20     0.01     0.50  over 100,000 tokens of prompt: five times all of them
 *   claude-haiku-4-5     1       1.25       2        0.10     5
 */
export const FABLE = 'claude-fable-5-2';
export const OPUS = 'claude-opus-5-5';
export const OPUS_4_8 = 'claude-opus-4-8';
export const SONNET = 'claude-sonnet-5-5';
export const HAIKU = 'claude-haiku-5-5';
export const HAIKU_4_5 = 'claude-haiku-4-5-20251001';

/** One of each token class. On Opus 5.5: 0.004 + 0.0004 + 0.0015 + 0.0032 + 0.010 = 0.0191. */
export const EVERY_CLASS = {
  input_tokens: 1_000,
  cache_read_input_tokens: 2_000,
  cache_creation_input_tokens: 700,
  cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 400 },
  output_tokens: 500,
  service_tier: 'standard',
};

export const iteration = (type: string, model: string | null, input: number, output: number) => ({
  type,
  ...(model === null ? {} : { model }),
  input_tokens: input,
  output_tokens: output,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
});
