/** `SentAlerts` over the table. */
import {
  type Alert,
  alertOutcomeSchema,
  alertSchema,
  isoFromMs,
  longestPeriodMs,
  PERIOD_UNITS,
  type SentAlert,
  type SentAlerts,
  sentAlertsQuerySchema,
  toWireJson,
} from '@tallygate/usage';
import { z } from 'zod';
import type { Database } from './database.ts';
import { defineQuery } from './query.ts';
import { count, integer } from './rollups/spend-queries.ts';
import { QUERIES } from './sql.generated.ts';
import { sqlInstant } from './sql-instant.ts';

const rowSchema = z.object({
  key: z.string(),
  threshold_percent: z.number().int(),
  spent: integer,
  limit_then: integer,
  crossed_at_ms: count,
  // A row that was recorded before outcomes were kept has none.
  outcome: z.union([alertOutcomeSchema, z.literal('').transform(() => 'told' as const)]),
  detail: z.string(),
  ended_at_ms: count.nullable(),
});

const sentAlertQuery = defineQuery({
  sql: QUERIES.sent_alert,
  parameters: alertSchema.pick({ organization: true, key: true, thresholdPercent: true }),
  row: rowSchema,
});

const sentAlertsOf = defineQuery({
  sql: QUERIES.sent_alerts,
  parameters: sentAlertsQuerySchema.required().extend({
    units: z.array(z.string()),
    longestMs: z.array(z.string()),
  }),
  row: rowSchema,
});

const LONGEST = {
  units: [...PERIOD_UNITS],
  longestMs: PERIOD_UNITS.map((unit) => String(longestPeriodMs(unit))),
};

/** The higher one of a threshold stands. */
const RECORDED_VERSION = 1;
const ENDED_VERSION = 2;

export function createSentAlerts(database: Database): SentAlerts {
  const insert = (alert: SentAlert, ver: number) =>
    database.insert(QUERIES.insert_sent_alert, [rowOf(alert, ver)]);
  return {
    async recordAlert(alert) {
      const { organization, key, thresholdPercent } = alert;
      const [known] = await sentAlertQuery(database, { organization, key, thresholdPercent });
      if (known !== undefined) return alertOf(organization, known);
      const recorded: SentAlert = { ...alert, outcome: 'waiting', detail: '', endedAtMs: null };
      await insert(recorded, RECORDED_VERSION);
      return recorded;
    },
    endAlert: (alert) => insert(alert, ENDED_VERSION),
    async sentAlerts(query) {
      const rows = await sentAlertsOf(database, { ...query, ...LONGEST, openAtMs: query.openAtMs ?? 0 });
      return rows.map((row) => alertOf(query.organization, row));
    },
  };
}

function alertOf(organization: Alert['organization'], row: z.output<typeof rowSchema>): SentAlert {
  return {
    organization,
    key: row.key,
    thresholdPercent: row.threshold_percent,
    spent: row.spent,
    limit: row.limit_then,
    crossedAtMs: row.crossed_at_ms,
    outcome: row.outcome,
    detail: row.detail,
    endedAtMs: row.ended_at_ms,
  };
}

function rowOf(alert: SentAlert, ver: number): string {
  return toWireJson({
    organization: alert.organization,
    budget_key: alert.key,
    threshold_percent: alert.thresholdPercent,
    spent_amount: alert.spent,
    limit_amount: alert.limit,
    crossed_at: sqlInstant(isoFromMs(alert.crossedAtMs)),
    ver,
    outcome: alert.outcome,
    detail: alert.detail,
    ended_at: alert.endedAtMs === null ? null : sqlInstant(isoFromMs(alert.endedAtMs)),
  });
}
