import { denialRecordSchema, type SealedSegment, settlementSchema, usageEventSchema } from '@tallygate/usage';
import { z } from 'zod';

/** A sealed segment on the wire. Every row is validated again on arrival: the sender may be of another version. */
export const sealedSegmentSchema = z.object({
  token: z.string().min(1),
  events: z.array(usageEventSchema),
  settlements: z.array(settlementSchema),
  denials: z.array(denialRecordSchema),
  replayed: z.boolean().optional(),
}) satisfies z.ZodType<SealedSegment>;
