/** Every question the ledger is asked, typed. The SQL is in queries/*.sql. */
import { z } from 'zod';
import { defineQuery } from './query.ts';
import { count, integer } from './rollups/spend-queries.ts';
import { QUERIES } from './sql.generated.ts';

const range = z.object({
  organization: z.string().min(1),
  fromMs: z.number().int(),
  toMs: z.number().int(),
});
const ofOrganization = z.object({ organization: z.string().min(1) });

export const countsQuery = defineQuery({
  sql: QUERIES.counts,
  parameters: range,
  row: z.object({ events: count, lines: count, duplicates: count, settlements: count, denials: count }),
});

export const storedEventsQuery = defineQuery({
  sql: QUERIES.stored_events,
  parameters: z.object({
    organizations: z.array(z.string()),
    fromMs: z.number().int(),
    toMs: z.number().int(),
    eventIds: z.array(z.string()),
  }),
  row: z.object({ event_id: z.string(), line: count }),
});

export const unknownUsageQuery = defineQuery({
  sql: QUERIES.unknown_usage,
  parameters: range,
  row: z.object({
    field: z.string(),
    value: z.string(),
    attempts: count,
    first_seen_ms: count,
    last_seen_ms: count,
  }),
});

export const estimatesQuery = defineQuery({
  sql: QUERIES.estimates,
  parameters: range,
  row: z.object({
    team: z.string(),
    feature: z.string(),
    request_model: z.string(),
    max_output_tokens_from: count,
    attempts: count,
    left_out_attempts: count,
    expected_nano_usd: integer,
    worst_nano_usd: integer,
    charged_nano_usd: integer,
    above_expected: count,
    above_worst: count,
  }),
});

export const settledTotalsQuery = defineQuery({
  sql: QUERIES.settled_totals,
  parameters: z.object({
    organization: z.string().min(1),
    liveFromMs: z.number().int(),
    sumFromMs: z.number().int(),
    units: z.array(z.string()),
    longestMs: z.array(z.string()),
    rollingParts: z.number().int(),
    rollingFromMs: z.number().int(),
    every: z.union([z.literal(0), z.literal(1)]),
    keys: z.array(z.string()),
    valuesOf: z.string(),
    atMost: z.number().int(),
  }),
  row: z.object({ key: z.string(), total: integer, periods: count }),
});

export const lastSettlementSeq = defineQuery({
  sql: QUERIES.last_settlement_seq,
  parameters: ofOrganization,
  row: z.object({ last_seq: count }),
});

export const settlementGapsQuery = defineQuery({
  sql: QUERIES.settlement_gaps,
  parameters: range,
  row: z.object({
    epoch: z.string(),
    from_seq: count,
    to_seq: count,
    before_ms: count,
    after_ms: count,
  }),
});

export const lastReportsQuery = defineQuery({
  sql: QUERIES.last_reports,
  parameters: range,
  row: z.object({
    report_id: z.string(),
    kind: z.literal('reconciliation'),
    range_start_ms: count,
    range_end_ms: count,
    created_at_ms: count,
    body: z.string(),
    provider_organization_id: z.string(),
  }),
});

export const configVersionRow = z.object({
  version: count,
  published_at_ms: count,
  actor: z.string(),
  reason: z.string(),
  before: z.string(),
  after: z.string(),
});

export const lastConfigVersionQuery = defineQuery({
  sql: QUERIES.last_config_version,
  parameters: ofOrganization,
  row: configVersionRow,
});

export const appliedMigrations = defineQuery({
  sql: QUERIES.applied_migrations,
  parameters: z.object({}),
  row: z.object({ version: z.number().int(), name: z.string(), checksum: z.string() }),
});
