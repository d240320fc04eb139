import { z } from 'zod';

/** Each step that changes a call asks the gate once more, so a ladder is short. */
export const LADDER_STEPS_MAX = 8;

const tokens = z.number().int().min(1);

/** One way to make a call fit that a budget refused. A step that cannot help the call at hand is passed over. */
export const ladderStepSchema = z.discriminatedUnion('step', [
  /** Lowers `max_tokens` to the most that fits, and never below the floor. */
  z.object({ step: z.literal('trim'), minOutputTokens: tokens }),
  /** Takes fast mode off. */
  z.object({ step: z.literal('standard-speed') }),
  /** Asks this model instead, where it is cheaper for the call. On Bedrock: a name in Bedrock's own form. */
  z.object({ step: z.literal('downgrade'), model: z.string().min(1) }),
]);
export type LadderStep = z.output<typeof ladderStepSchema>;

/** By what a ladder goes on, as a file names them. */
export const LADDER_STEPS = ['trim', 'standard-speed', 'downgrade'] as const;

/** What was changed of a call so that it fits: the value that the caller gave, and the one that was sent. */
export const ladderChangeSchema = z.discriminatedUnion('step', [
  z.object({ step: z.literal('trim'), from: tokens, to: tokens }),
  z.object({ step: z.literal('standard-speed'), from: z.string(), to: z.string() }),
  z.object({ step: z.literal('downgrade'), from: z.string(), to: z.string() }),
]);
export type LadderChange = z.output<typeof ladderChangeSchema>;
