import { z } from 'zod';
import { attributionSchema } from './attribution.ts';
import { ladderChangeSchema } from './ladder.ts';
import { nanoUsdSchema } from './money.ts';
import { tokenUsageSchema, totalInputTokens } from './token-usage.ts';

const instantMs = z.number().int().min(0);

/** Where the call ran: the Claude API itself or a partner's cloud, which bills by its own prices. */
export const backendSchema = z.enum(['anthropic', 'bedrock', 'vertex', 'foundry']);
export type Backend = z.output<typeof backendSchema>;

/**
 * ok: answered. error: failed, nothing billed. refused: the model declined. aborted: the stream ended before its final
 * usage. unknown: it may have been billed and nobody here can tell yet.
 */
export const eventStatusSchema = z.enum(['ok', 'error', 'refused', 'aborted', 'unknown']);
export type EventStatus = z.output<typeof eventStatusSchema>;

/** One billable line of an attempt: the message itself, a compaction, an advisor, a failed fallback. */
export const usageLineSchema = z.object({
  line: z.number().int().min(0),
  /** The provider's iteration type ("message", "compaction", "advisor_message", "fallback_message"); open for new ones. */
  lineType: z.string().min(1),
  /** The model that answered, which is the one that is priced; the requested one where no answer named any. */
  responseModel: z.string(),
  usage: tokenUsageSchema,
  serviceTier: z.string().nullable(),
  speed: z.string().nullable(),
  inferenceGeo: z.string().nullable(),
  promptBand: z.enum(['standard', 'long']),
  /** False: the tokens are recorded, the provider does not charge them. */
  billed: z.boolean(),
  listCostNanoUsd: nanoUsdSchema,
  contractedCostNanoUsd: nanoUsdSchema,
  /** The part of the list cost that stands for web searches: the provider's cost report bills it on a line of its own. */
  webSearchCostNanoUsd: nanoUsdSchema,
  /** Exact list cost minus the rounded one, in pico-USD: -500 … 500. A correction takes one such rest for another: twice that. */
  roundingPicoUsd: z.number().int().min(-1_000).max(1_000),
  /** The row of the price book that was used; null when nothing was charged. */
  priceId: z.string().nullable(),
  /** Judgements that were made: "unpriced", "assumed_ttl", "unknown_speed", …; "contract:<id>" where one was priced by it. */
  flags: z.array(z.string()),
});
export type UsageLine = z.output<typeof usageLineSchema>;

/** What an attempt was admitted by: what it would probably cost, could cost at most, and could write at most. */
export const attemptEstimateSchema = z.object({
  expectedNanoUsd: nanoUsdSchema,
  worstNanoUsd: nanoUsdSchema,
  /** The request's `max_tokens`. */
  maxOutputTokens: z.number().int().min(0),
});
export type AttemptEstimate = z.output<typeof attemptEstimateSchema>;

/** One attempt as it was used and charged. Immutable: corrections are new rows. Never prompt or response text. */
export const usageEventSchema = z.object({
  /** Attempt id = hold id = UUIDv7. */
  eventId: z.string().min(1),
  /** The id of the call's first attempt. */
  callId: z.string().min(1),
  attemptNumber: z.number().int().min(1),
  organization: z.string().min(1),
  providerOrganizationId: z.string().nullable(),
  workspaceId: z.string().nullable(),
  apiKeyId: z.string().nullable(),
  /** The provider's own hint form, first characters … last four; nothing longer of a key leaves the meter. */
  apiKeyHint: z.string().nullable(),
  attribution: attributionSchema,
  backend: backendSchema,
  requestModel: z.string(),
  requestId: z.string().nullable(),
  messageId: z.string().nullable(),
  traceId: z.string().nullable(),
  startedAtMs: instantMs,
  endedAtMs: instantMs,
  /** The instant whose periods the hold was pinned to. */
  budgetInstantMs: instantMs,
  status: eventStatusSchema,
  httpStatus: z.number().int().nullable(),
  errorCode: z.string().nullable(),
  stopReason: z.string().nullable(),
  basis: z.enum(['reported', 'estimated']),
  streamed: z.boolean(),
  /** The ledger keeps whole milliseconds of both, of this at least 1. Null where nobody measured it: such an attempt is in no mean. */
  latencyMs: z.number().min(0).nullable(),
  timeToFirstTokenMs: z.number().min(0).nullable(),
  configVersion: z.number().int().min(0),
  /**
   * Keyed hash of what the provider can cache of the request (tools, then system), for cache advice: null without a key,
   * without tools and system, and where nobody looked. Absent in what older versions wrote.
   */
  stablePrefixHash: z.string().nullable().default(null),
  /** UTF-8 bytes of it; null where nobody looked. */
  stablePrefixBytes: z.number().int().min(0).nullable().default(null),
  /** What a budget's ladder changed of the request before it was sent; absent: nothing. */
  ladderSteps: z.array(ladderChangeSchema).optional(),
  /** What was asked of the budgets for it; absent where nothing was, as for an item of a batch, an import or a lost call. */
  estimate: attemptEstimateSchema.optional(),
  /** Usage fields of the provider that this version does not know, as they came. */
  unknownUsage: z.record(z.string(), z.unknown()).nullable(),
  lines: z.array(usageLineSchema).min(1),
});
export type UsageEvent = z.output<typeof usageEventSchema>;

/** Every token that was billed, whatever its class: what was read, from a cache too, and what was written. */
export function billedTokens(event: Pick<UsageEvent, 'lines'>): bigint {
  return event.lines.reduce(
    (sum, { usage }) => sum + BigInt(totalInputTokens(usage) + usage.outputTokens),
    0n,
  );
}

/** What budgets are charged for the attempt, each in its own measure. */
export function chargeOf(event: UsageEvent): { amountNanoUsd: bigint; tokens: bigint } {
  return { amountNanoUsd: contractedCostNanoUsd(event), tokens: billedTokens(event) };
}

/** What the attempt is charged: the sum of its rounded lines. */
export function contractedCostNanoUsd(event: UsageEvent): bigint {
  return event.lines.reduce((sum, line) => sum + line.contractedCostNanoUsd, 0n);
}
