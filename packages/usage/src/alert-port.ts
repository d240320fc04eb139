import { z } from 'zod';
import { nanoUsdSchema } from './money.ts';

/** A threshold of a budget that was announced in one of its periods. */
export const sentAlertSchema = z.object({
  organization: z.string().min(1),
  /** The budget's period, as settlements name it: "support-month:month:1790812800000". */
  key: z.string().min(1),
  thresholdPercent: z.number().int().min(1),
  /** As they were when the threshold was crossed. */
  spent: nanoUsdSchema,
  limit: nanoUsdSchema,
  crossedAtMs: z.number().int().min(0),
});
export type SentAlert = z.output<typeof sentAlertSchema>;

export const sentAlertsQuerySchema = z.object({
  organization: z.string().min(1),
  /** [from, to) of the beginning of the period. */
  fromMs: z.number().int(),
  toMs: z.number().int(),
});
export type SentAlertsQuery = z.output<typeof sentAlertsQuerySchema>;

/**
 * What people were told. The gate decides that a threshold was crossed, once; this outlives the gate, so that a rebuilt one announces
 * nothing again. Rejects with `TALLYGATE_LEDGER_UNAVAILABLE`.
 */
export interface SentAlerts {
  /** Kept when it resolves: ask for delivery only then. May be repeated: what was recorded first of a threshold stays. */
  record(alert: SentAlert): Promise<void>;
  /** By period, budget and threshold, each once. */
  list(query: SentAlertsQuery): Promise<SentAlert[]>;
}
