import { z } from 'zod';
import { measureSchema } from './measure.ts';
import { nanoUsdSchema } from './money.ts';

/** Who decided what, why, and from when to when by the gate's clock: [from, until). */
const decision = {
  id: z.string().min(1),
  fromMs: z.number().int(),
  untilMs: z.number().int(),
  who: z.string(),
  why: z.string().min(1),
  /** Who ended it before its time, and why; `untilMs` is then when. */
  endedEarly: z.object({ who: z.string(), why: z.string() }).optional(),
};

/**
 * A decision for a limited time, beside the budgets, which stay as the file says. It is in force from its publication on; that
 * it is over is a matter of the instant, and nothing has to run for that.
 */
export const overrideSchema = z.discriminatedUnion('kind', [
  /** The budget's limit is higher by this amount. */
  z.object({
    kind: z.literal('grant'),
    ...decision,
    budget: z.string().min(1),
    /** Of a budget with `each`, the one that it is for; absent: every one of them. */
    value: z.string().min(1).optional(),
    /** Of the amount; absent: usd. A budget that changes its measure is granted nothing by it any more. */
    measure: measureSchema.optional(),
    amount: nanoUsdSchema,
  }),
  /** Calls of the feature are denied. */
  z.object({ kind: z.literal('pause'), ...decision, feature: z.string().min(1) }),
  /** Nothing is denied: who would have been is recorded. */
  z.object({ kind: z.literal('observe'), ...decision }),
]);
export type Override = z.output<typeof overrideSchema>;
export type Pause = Extract<Override, { kind: 'pause' }>;

/** Those of a snapshot that are not over at the instant. */
export function runningOverrides(
  { overrides = [] }: { overrides?: Override[] | undefined },
  instantMs: number,
): Override[] {
  return overrides.filter(({ untilMs }) => instantMs < untilMs);
}
