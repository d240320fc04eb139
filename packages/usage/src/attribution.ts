import { z } from 'zod';

/** What a caller may say about a call. All of it is optional: scope and client defaults fill the rest. */
export interface CallAttribution {
  team?: string;
  feature?: string;
  environment?: string;
  /** Your own id of the end user. It is pseudonymised in this process and never stored raw. */
  user?: string;
  workflow?: string;
  taskType?: string;
  /** Only keys on the allow-list of the configuration are kept. */
  tags?: Record<string, string>;
}

/** Who pays, resolved against the team registry and frozen before the hold. */
export const attributionSchema = z.object({
  team: z.string().min(1),
  feature: z.string().min(1),
  environment: z.string().min(1),
  /** HMAC of the caller's user id, or null. */
  userPseudonym: z.string().nullable(),
  workflow: z.string().nullable(),
  taskType: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
});

export type Attribution = z.output<typeof attributionSchema>;

/** Where calls go whose team nobody named or nobody knows. Listed in reports, never hidden. */
export const UNASSIGNED = 'unassigned';
