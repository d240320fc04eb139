import { z } from 'zod';
import { usageEventSchema } from './usage-event.ts';

/** How far a reader of pages has got: everything up to this event, in the order of the pages. */
export const usageCursorSchema = z.object({
  hourMs: z.number().int(),
  team: z.string(),
  feature: z.string(),
  eventId: z.string(),
});
export type UsageCursor = z.output<typeof usageCursorSchema>;

export const usagePageQuerySchema = z.object({
  organization: z.string().min(1),
  /** [from, to) of the budget instant, which no event ever changes. */
  fromMs: z.number().int(),
  toMs: z.number().int(),
  /** Null: from the beginning. */
  after: usageCursorSchema.nullable(),
  maxRows: z.number().int().min(1_000).max(20_000),
});
export type UsagePageQuery = z.output<typeof usagePageQuerySchema>;

/** Whole events, each with all of its lines, corrections included. `next` is null on the last page. */
export const usagePageSchema = z.object({
  events: z.array(usageEventSchema),
  next: usageCursorSchema.nullable(),
});
export type UsagePage = z.output<typeof usagePageSchema>;

export const knownEventsQuerySchema = z.object({
  organization: z.string().min(1),
  fromMs: z.number().int(),
  toMs: z.number().int(),
  /** They travel in the URL of a request to a server, of which some accept no more than 16 KB. */
  eventIds: z.array(z.string().min(1)).max(200),
});
export type KnownEventsQuery = z.output<typeof knownEventsQuerySchema>;

/** What was recorded, event by event, for the work that no sum can do. Fails as `SpendHistory` does. */
export interface UsageRecords {
  /** One copy of each line, in an order that stays what it is; events that arrive meanwhile may be missed. */
  usagePage(query: UsagePageQuery): Promise<UsagePage>;
  /** Those of the ids that the ledger has in [from, to) of the budget instant. */
  knownEvents(query: KnownEventsQuery): Promise<string[]>;
}
