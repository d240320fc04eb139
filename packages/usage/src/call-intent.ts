import { z } from 'zod';
import { attributionSchema } from './attribution.ts';
import { holdSchema } from './hold.ts';
import { ladderChangeSchema } from './ladder.ts';
import { backendSchema } from './usage-event.ts';

/**
 * An attempt that is about to be sent: what its row must say if this process dies before the outcome. Its estimate stands in the
 * entries of its hold. Never prompt or response text.
 */
export const callIntentSchema = z.object({
  attemptId: z.string().min(1),
  callId: z.string().min(1),
  attemptNumber: z.number().int().min(1),
  organization: z.string().min(1),
  apiKeyId: z.string().nullable(),
  apiKeyHint: z.string().nullable(),
  attribution: attributionSchema,
  backend: backendSchema,
  /** Where a partner runs it, as far as the request tells. */
  place: z.string().nullable(),
  requestModel: z.string(),
  /** Upper estimate of everything the model will read. */
  promptTokens: z.number().int().min(0),
  streamed: z.boolean(),
  startedAtMs: z.number().int().min(0),
  configVersion: z.number().int().min(0),
  hold: holdSchema.nullable(),
  /** As in `UsageEvent`. */
  ladderSteps: z.array(ladderChangeSchema).optional(),
});
export type CallIntent = z.output<typeof callIntentSchema>;
