import { z } from 'zod';
import { attributionSchema } from './attribution.ts';
import { budgetScopeSchema } from './budget.ts';
import { measureSchema } from './measure.ts';
import { nanoUsdSchema } from './money.ts';
import { periodUnitSchema } from './period.ts';

const instantMs = z.number().int();

/** The part of a hold on one budget. Its key and period are pinned at reserve: settling never looks at the clock to choose them. */
const holdEntrySchema = z.object({
  /** `<budget>:<unit>:<period start>`, and `:<value>` of a budget with `each`; as in `Settlement.entries`. */
  key: z.string().min(1),
  expected: nanoUsdSchema,
  worst: nanoUsdSchema,
  periodStartMs: instantMs,
  periodEndMs: instantMs,
  /**
   * Where a budget and its pool hold a call together: of the charge the budget pays up to this, and the pool what is above, however
   * much that is. Absent on both: the whole charge.
   */
  paysUpTo: nanoUsdSchema.optional(),
  paysFrom: nanoUsdSchema.optional(),
});
export type HoldEntry = z.output<typeof holdEntrySchema>;

export function budgetIdOf({ key }: Pick<HoldEntry, 'key'>): string {
  return key.slice(0, key.indexOf(':'));
}

/** An amount set aside for one attempt. It carries all that any process needs to end it, so that a crash can be settled by another. */
export const holdSchema = z.object({
  attemptId: z.string().min(1),
  organization: z.string().min(1),
  /** Identity of the gate's counters; a new one means they were lost and rebuilt. */
  epoch: z.string().min(1),
  budgetInstantMs: instantMs,
  /** The hold ends by itself once this bucket of time is past. */
  expiryBucket: z.number().int(),
  entries: z.array(holdEntrySchema),
  /** The lease that it is a part of; absent where the attempt was held by itself. */
  leaseId: z.string().min(1).optional(),
});
export type Hold = z.output<typeof holdSchema>;

/** What a budget lacked was asked of its pool, which did not have it. In the measure of the budget, by the same track. */
const poolDenialSchema = z.object({
  budgetId: z.string().min(1),
  limit: nanoUsdSchema,
  spent: nanoUsdSchema,
  held: nanoUsdSchema,
  /** What the budget lacked; the rest of what the call needs is left on it. */
  needed: nanoUsdSchema,
});
export type PoolDenial = z.output<typeof poolDenialSchema>;

/** Why a call was not admitted, in numbers a person can act on. */
export const denialSchema = z.object({
  denialId: z.string().min(1),
  attemptId: z.string().min(1),
  budgetId: z.string().min(1),
  scope: budgetScopeSchema,
  unit: periodUnitSchema,
  timeZone: z.string(),
  /** Of the numbers below; absent: usd. */
  measure: measureSchema.optional(),
  periodStartMs: instantMs,
  periodEndMs: instantMs,
  /** What was run into: the limit as it was in force, or with its overage where the worst case did not fit. */
  limit: nanoUsdSchema,
  spent: nanoUsdSchema,
  held: nanoUsdSchema,
  needed: nanoUsdSchema,
  /** Absent: the budget has no pool. */
  pool: poolDenialSchema.optional(),
  /** When trying again can first make sense: the period's end, or the end of the oldest hold if that comes sooner. */
  retryAtMs: instantMs,
  atMs: instantMs,
  /** False: observed only, the call went on. */
  enforced: z.boolean(),
  /**
   * What said no: a limit, or a pause of the feature; `budgetId` is then the override's and the period its time. `velocity`: the budget was
   * spent too fast; the period is the time for which it denies, `limit` what five minutes may cost, `spent` what they did. Absent: a limit.
   */
  reason: z.enum(['limit', 'paused', 'velocity']).optional(),
  /** With `velocity`: what the five minutes before cost, in the middle. */
  median: nanoUsdSchema.optional(),
  /** Version of the configuration that was in force. Absent in rows of earlier versions. */
  configVersion: z.number().int().min(0).optional(),
});
export type Denial = z.output<typeof denialSchema>;

/** A denial as a row: the numbers, and who asked for what. */
export const denialRecordSchema = denialSchema.extend({
  organization: z.string().min(1),
  attribution: attributionSchema,
  requestModel: z.string(),
});
export type DenialRecord = z.output<typeof denialRecordSchema>;
