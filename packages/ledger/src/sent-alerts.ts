/** `SentAlerts` over the table. */
import {
  isoFromMs,
  type SentAlert,
  type SentAlerts,
  sentAlertSchema,
  sentAlertsQuerySchema,
  toWireJson,
} from '@tallygate/usage';
import { z } from 'zod';
import type { Database } from './database.ts';
import { defineQuery } from './query.ts';
import { count, integer } from './rollups/spend-queries.ts';
import { QUERIES } from './sql.generated.ts';
import { sqlInstant } from './sql-instant.ts';

const alertWasSent = defineQuery({
  sql: QUERIES.alert_was_sent,
  parameters: sentAlertSchema.pick({ organization: true, key: true, thresholdPercent: true }),
  row: z.object({ budget_key: z.string() }),
});

const sentAlertsOf = defineQuery({
  sql: QUERIES.sent_alerts,
  parameters: sentAlertsQuerySchema,
  row: z.object({
    key: z.string(),
    threshold_percent: z.number().int(),
    spent_nano_usd: integer,
    limit_nano_usd: integer,
    crossed_at_ms: count,
  }),
});

const ROW_VERSION = 1;

/** @param requireOwn throws for an organization that must not be asked about. */
export function createSentAlerts(database: Database, requireOwn: (organization: string) => void): SentAlerts {
  return {
    async record(alert) {
      requireOwn(alert.organization);
      const { organization, key, thresholdPercent } = alert;
      const known = await alertWasSent(database, { organization, key, thresholdPercent });
      if (known.length === 0) await database.insert(QUERIES.insert_sent_alert, [rowOf(alert)]);
    },
    async list(query) {
      requireOwn(query.organization);
      const rows = await sentAlertsOf(database, query);
      return rows.map((row) => ({
        organization: query.organization,
        key: row.key,
        thresholdPercent: row.threshold_percent,
        spent: row.spent_nano_usd,
        limit: row.limit_nano_usd,
        crossedAtMs: row.crossed_at_ms,
      }));
    },
  };
}

function rowOf(alert: SentAlert): string {
  return toWireJson({
    organization: alert.organization,
    budget_key: alert.key,
    threshold_percent: alert.thresholdPercent,
    spent_nano_usd: alert.spent,
    limit_nano_usd: alert.limit,
    crossed_at: sqlInstant(isoFromMs(alert.crossedAtMs)),
    ver: ROW_VERSION,
  });
}
