import { z } from 'zod';
import { nanoUsdSchema } from './money.ts';

/** settle: the charge replaced the hold. release: nothing was charged. adjust: a later correction. */
const settlementKindSchema = z.enum(['settle', 'release', 'adjust']);
export type SettlementKind = z.output<typeof settlementKindSchema>;

/**
 * What the gate did with one attempt, as a fact of its own. Drift, gaps and rebuild read only these.
 * `seq` is gapless per organization and epoch: a missing number is a lost row.
 */
export const settlementSchema = z.object({
  attemptId: z.string().min(1),
  organization: z.string().min(1),
  kind: settlementKindSchema,
  epoch: z.string().min(1),
  seq: z.number().int().min(1),
  budgetInstantMs: z.number().int(),
  settledAtMs: z.number().int(),
  entries: z.array(z.object({ key: z.string().min(1), amount: nanoUsdSchema })),
});
export type Settlement = z.output<typeof settlementSchema>;
