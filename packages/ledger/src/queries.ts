/** Every question the ledger is asked, typed. The SQL is in queries/*.sql. */
import { SPEND_DIMENSIONS, type SpendDimension, spendDimensionSchema } from '@tallygate/usage';
import { z } from 'zod';
import { defineQuery } from './query.ts';
import { QUERIES } from './sql.generated.ts';

/** Sums arrive as decimal strings, wider than 64 bits where they must be. */
const integer = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);
/** Counts and instants: exact as a number, or the row is refused. */
const count = z
  .string()
  .regex(/^-?\d+$/)
  .transform(Number)
  .refine(Number.isSafeInteger, 'is beyond 2^53');

const range = z.object({
  organization: z.string().min(1),
  fromMs: z.number().int(),
  toMs: z.number().int(),
});
const ofOrganization = z.object({ organization: z.string().min(1) });

const groupColumns = Object.fromEntries(
  SPEND_DIMENSIONS.map((dimension) => [`group_${dimension}`, z.string()]),
) as Record<`group_${SpendDimension}`, z.ZodString>;

export const spendQuery = defineQuery({
  sql: QUERIES.spend,
  parameters: range.extend({ by: z.enum(['ended', 'budget']), groupBy: z.array(spendDimensionSchema) }),
  row: z.object({
    ...groupColumns,
    calls: count,
    attempts: count,
    failed_attempts: count,
    sum_uncached_input_tokens: count,
    sum_cache_read_input_tokens: count,
    sum_cache_write_5m_input_tokens: count,
    sum_cache_write_1h_input_tokens: count,
    sum_cache_write_unsplit_input_tokens: count,
    sum_output_tokens: count,
    sum_web_search_requests: count,
    sum_web_fetch_requests: count,
    sum_list_cost_nano_usd: integer,
    sum_contracted_cost_nano_usd: integer,
    sum_web_search_cost_nano_usd: integer,
    sum_rounding_pico_usd: integer,
  }),
});

export const countsQuery = defineQuery({
  sql: QUERIES.counts,
  parameters: range,
  row: z.object({ events: count, lines: count, duplicates: count, settlements: count, denials: count }),
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

export const settledTotalsQuery = defineQuery({
  sql: QUERIES.settled_totals,
  parameters: z.object({
    organization: z.string().min(1),
    liveFromMs: z.number().int(),
    sumFromMs: z.number().int(),
  }),
  row: z.object({ key: z.string(), amount_nano_usd: integer }),
});

export const lastSettlementSeq = defineQuery({
  sql: QUERIES.last_settlement_seq,
  parameters: ofOrganization,
  row: z.object({ last_seq: count }),
});

export const lastReportQuery = defineQuery({
  sql: QUERIES.last_report,
  parameters: ofOrganization,
  row: z.object({
    report_id: z.string(),
    kind: z.literal('reconciliation'),
    range_start_ms: count,
    range_end_ms: count,
    created_at_ms: count,
    body: z.string(),
  }),
});

export const lastConfigVersionQuery = defineQuery({
  sql: QUERIES.last_config_version,
  parameters: ofOrganization,
  row: z.object({
    version: count,
    published_at_ms: count,
    actor: z.string(),
    reason: z.string(),
    before: z.string(),
    after: z.string(),
  }),
});

export const appliedMigrations = defineQuery({
  sql: QUERIES.applied_migrations,
  parameters: z.object({}),
  row: z.object({ version: z.number().int(), name: z.string(), checksum: z.string() }),
});
