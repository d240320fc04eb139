import { z } from 'zod';
import { nanoUsdSchema } from './money.ts';

/** At which parts of its limit somebody is told about a budget that says nothing else, in percent. */
export const DEFAULT_ALERTS: readonly number[] = [50, 75, 90, 100];
export const ALERT_PERCENT_MAX = 1_000;

/** A threshold that a budget has reached in one of its periods. */
export const alertSchema = z.object({
  organization: z.string().min(1),
  /** The budget's period, as settlements name it: "support-month:month:1790812800000". */
  key: z.string().min(1),
  thresholdPercent: z.number().int().min(1),
  /** As they were when it was reached; the limit with the grants in force. */
  spent: nanoUsdSchema,
  limit: nanoUsdSchema,
  crossedAtMs: z.number().int().min(0),
});
export type Alert = z.output<typeof alertSchema>;

/** The same for every repetition, so that whoever is told can tell that it is one. */
export function alertId({
  organization,
  key,
  thresholdPercent,
}: Pick<Alert, 'organization' | 'key' | 'thresholdPercent'>): string {
  return `${organization}|${key}|${thresholdPercent}`;
}

/**
 * Alerts that the gate has decided on, each once per period, and that nobody has been told of for certain. A gate that loses its
 * counters loses them too; see `SentAlerts`. Rejects with `TALLYGATE_GATE_UNAVAILABLE`.
 */
export interface AlertOutbox {
  /** Up to `most` of them, the longest waiting first. For `forMs` nobody else gets them; then they are anybody's again. */
  take(most: number, forMs: number): Promise<Alert[]>;
  /** They wait, whether they did before or not, and are not given out for the next `forMs`. */
  put(alerts: readonly Alert[], forMs: number): Promise<void>;
  /** They are dealt with. */
  remove(alerts: readonly Alert[]): Promise<void>;
  /** All of them, taken or not; at most 1,000 are kept, the latest. */
  waiting(): Promise<Alert[]>;
}

/** waiting: recorded, nobody was told for certain. told: somebody was. untold: nobody was, and nobody will be. */
export const alertOutcomeSchema = z.enum(['waiting', 'told', 'untold']);

export const sentAlertSchema = alertSchema.extend({
  outcome: alertOutcomeSchema,
  /** Who was told, or why not: "webhook", "HTTP 404 from hooks.example.com". */
  detail: z.string(),
  /** When it was told or given up; null while it waits. */
  endedAtMs: z.number().int().nullable(),
});
export type SentAlert = z.output<typeof sentAlertSchema>;

export const sentAlertsQuerySchema = z.object({
  organization: z.string().min(1),
  /** [from, to) of the beginning of the period. */
  fromMs: z.number().int(),
  toMs: z.number().int(),
  /** Only those whose period had not ended by then, and those that were reached in the week before: they may have to be told yet. */
  openAtMs: z.number().int().optional(),
});
export type SentAlertsQuery = z.output<typeof sentAlertsQuerySchema>;

/**
 * What people were told. The gate decides that a threshold was reached, once; this outlives the gate, so that a rebuilt one announces
 * nothing again. Rejects with `TALLYGATE_LEDGER_UNAVAILABLE`.
 */
export interface SentAlerts {
  /**
   * Kept when it resolves: tell somebody only then. Of an alert that was recorded before, the first record stays, and what became of
   * it.
   */
  recordAlert(alert: Alert): Promise<SentAlert>;
  /** What became of one that was recorded. */
  endAlert(alert: SentAlert): Promise<void>;
  /** By period, budget and threshold, each once. */
  sentAlerts(query: SentAlertsQuery): Promise<SentAlert[]>;
}
