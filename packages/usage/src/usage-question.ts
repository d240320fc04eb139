import { z } from 'zod';
import { spendQuerySchema, spendRowSchema } from './history-port.ts';
import { nanoUsdSchema } from './money.ts';

/** What groups can be ranked by, each the largest first; `latency` is the mean. */
export const USAGE_ORDERS = ['cost', 'calls', 'tokens', 'errors', 'latency'] as const;
export type UsageOrder = (typeof USAGE_ORDERS)[number];

/** What a spend report leaves open: who is ahead, how well caches work, how often calls fail or are denied, how long they take. */
export const usageQuestionSchema = spendQuerySchema.extend({
  /** By cost where nothing else is said. */
  order: z.enum(USAGE_ORDERS).optional(),
  /**
   * Only the groups that are ahead over the whole range; the others become one sum, or one per interval where the question
   * also distinguishes time. By time alone, the intervals themselves are ranked.
   */
  top: z.number().int().min(1).optional(),
  /** Also exact percentiles, which are read from rows: at most 31 days. */
  percentiles: z.boolean().optional(),
});
export type UsageQuestion = z.output<typeof usageQuestionSchema>;

/** Milliseconds. */
const percentilesSchema = z.object({ p50: z.number(), p90: z.number(), p95: z.number(), p99: z.number() });
export type Percentiles = z.output<typeof percentilesSchema>;

/** Shares are fractions of one, and null where they would be shares of nothing. */
const usageGroupSchema = spendRowSchema.extend({
  thinkingTokens: z.number().int(),
  /** Of the input tokens, the part that was read from a cache. */
  cacheReadShare: z.number().nullable(),
  /** Of the attempts, the part that failed. */
  errorRate: z.number().nullable(),
  meanLatencyMs: z.number().nullable(),
  meanTimeToFirstTokenMs: z.number().nullable(),
  /** Null by a dimension or filter that a denial does not have: it has no answer, so no answering model, key or tier. */
  denials: z
    .object({
      denied: z.number().int(),
      wouldBeDenied: z.number().int(),
      /** Of the attempts that were made or denied. */
      deniedShare: z.number().nullable(),
    })
    .nullable(),
  /** Null where they were not asked for, where nothing was timed, and for sums of others: percentiles do not add up. */
  latency: percentilesSchema.nullable(),
  timeToFirstToken: percentilesSchema.nullable(),
});
export type UsageGroup = z.output<typeof usageGroupSchema>;

const basisSumSchema = z.object({ attempts: z.number().int(), contractedCostNanoUsd: nanoUsdSchema });

export const usageAnswerSchema = z.object({
  /** In order of time where time is distinguished, else as ranked. */
  groups: z.array(usageGroupSchema),
  /** What `top` leaves out; empty when that is nothing. */
  others: z.array(usageGroupSchema),
  /** The sum of groups and others. An attempt with lines in several groups counts in each; cost and tokens never do. */
  total: usageGroupSchema,
  /**
   * What rests on usage that the provider reported, and what on an estimate because no usage arrived. Null for more than 31 days
   * of a filter that only rows can answer together with it.
   */
  coverage: z.object({ reported: basisSumSchema, estimated: basisSumSchema }).nullable(),
});
export type UsageAnswer = z.output<typeof usageAnswerSchema>;
