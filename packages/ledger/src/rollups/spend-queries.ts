/** Spend, from three places in one shape: its sums mean the same wherever they come from. */
import { SPEND_DIMENSIONS, type SpendDimension, spendDimensionSchema } from '@tallygate/usage';
import { z } from 'zod';
import { defineQuery } from '../query.ts';
import { QUERIES, ROLLUP_QUERIES, SUMS } from '../sql.generated.ts';
import { askedLines } from './asked-lines.ts';

/** Sums arrive as decimal strings, wider than 64 bits where they must be. */
export const integer = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);
/** Counts and instants: exact as a number, or the row is refused. */
export const count = z
  .string()
  .regex(/^-?\d+$/)
  .transform(Number)
  .refine(Number.isSafeInteger, 'is beyond 2^53');

/** What all questions about usage share; `filter` is JSON of values by dimension. */
const questionParameters = {
  organization: z.string().min(1),
  fromMs: z.number().int(),
  toMs: z.number().int(),
  groupBy: z.array(spendDimensionSchema),
  filter: z.string(),
};
const instant = { by: z.enum(['ended', 'budget']) };
const tagKey = { tagKey: z.string() };

/** A source answers the dimensions it knows; of the others nobody asks it. */
const groupColumns = Object.fromEntries(
  SPEND_DIMENSIONS.map((dimension) => [`group_${dimension}`, z.string().default('')]),
) as Record<`group_${SpendDimension}`, z.ZodDefault<z.ZodString>>;

const spendColumns = z.object({
  ...groupColumns,
  sum_calls: count,
  sum_attempts: count,
  sum_failed_attempts: count,
  sum_uncached_input_tokens: count,
  sum_cache_read_input_tokens: count,
  sum_cache_write_5m_input_tokens: count,
  sum_cache_write_1h_input_tokens: count,
  sum_cache_write_unsplit_input_tokens: count,
  sum_output_tokens: count,
  sum_thinking_tokens: count,
  sum_web_search_requests: count,
  sum_web_fetch_requests: count,
  sum_list_cost_nano_usd: integer,
  sum_contracted_cost_nano_usd: integer,
  sum_web_search_cost_nano_usd: integer,
  sum_rounding_pico_usd: integer,
  sum_latency_ms: count,
  sum_timed_attempts: count,
  sum_time_to_first_token_ms: count,
  sum_first_token_attempts: count,
});
export type SpendColumns = z.output<typeof spendColumns>;

type ReadColumn = (value: unknown) => unknown;
const READERS = new Map<z.ZodType, ReadColumn>([
  [integer, (value) => (isDecimal(value) ? BigInt(value) : undefined)],
  [count, (value) => (isDecimal(value) && Number.isSafeInteger(Number(value)) ? Number(value) : undefined)],
]);
const readText: ReadColumn = (value = '') => (typeof value === 'string' ? value : undefined);
const COLUMNS = Object.entries(spendColumns.shape).map(([name, schema]) => ({
  name,
  read: READERS.get(schema) ?? readText,
  /** One array is added up in less time than as many columns: at a question about a month, the engine mostly plans. */
  index: SUMS.findIndex((sum) => `sum_${sum}` === name),
}));

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^-?\d+$/.test(value);
}

/** As the schema says, in a fortieth of its time: a month of a large organization has hundreds of thousands of these rows. */
const spendRow = z.record(z.string(), z.unknown()).transform((row, context): SpendColumns => {
  const { sums = [] } = row as { sums?: unknown[] };
  const columns: Record<string, unknown> = {};
  for (const { name, read, index } of COLUMNS) {
    const value = read(index === -1 ? row[name] : sums[index]);
    if (value === undefined)
      context.addIssue({ code: 'custom', message: `${name} is not there, or not exact` });
    columns[name] = value;
  }
  return columns as SpendColumns;
});

/** The sums of no rows, of no group. */
export const NOTHING_SPENT: SpendColumns = spendColumns.parse(
  Object.fromEntries(
    Object.keys(spendColumns.shape).map((column) => [column, column.startsWith('sum_') ? '0' : '']),
  ),
);

const hours = { hourFrom: z.number().int(), hourTo: z.number().int(), dirtyHours: z.array(z.string()) };
const days = { dayFrom: z.number().int(), dayTo: z.number().int() };
const staleDays = { staleDays: z.array(z.string()) };
/** Text of the engine's own form: of arrays the client knows those of strings. */
const freshDays = { freshDays: z.string().regex(/^\[[\d(),]*\]$/) };

export const spendFromRows = defineQuery({
  sql: QUERIES.spend,
  parameters: z.object({
    ...questionParameters,
    ...instant,
    ...tagKey,
    ...hours,
    part: z.enum(['everything', 'rest']),
    rows: z.enum(['usage_events', 'late_usage_events']),
  }),
  row: spendRow,
  lines: askedLines,
});

const readsHours = z.object({ ...questionParameters, ...instant, ...hours, ...days, ...staleDays });
const readsDays = z.object({ ...questionParameters, ...instant, ...days, ...freshDays });
const spendFromRollup = (rollup: keyof typeof ROLLUP_QUERIES) => {
  const { read_hours, read_days } = ROLLUP_QUERIES[rollup];
  const answer = { row: spendRow, lines: askedLines };
  return {
    hours: defineQuery({ sql: read_hours, parameters: readsHours, ...answer }),
    days: defineQuery({ sql: read_days, parameters: readsDays, ...answer }),
  };
};
export const spendFrom = { spend: spendFromRollup('spend'), billing: spendFromRollup('billing') };

const percentiles = z.array(z.number().nullable()).length(4);
export const latencyPercentiles = defineQuery({
  sql: QUERIES.latency_percentiles,
  parameters: z.object({ ...questionParameters, ...instant, ...tagKey }),
  row: z.object({
    ...groupColumns,
    timed_attempts: count,
    attempt_latency_ms: percentiles,
    first_token_ms: percentiles,
  }),
  lines: askedLines,
});

export const denialCounts = defineQuery({
  sql: QUERIES.denial_counts,
  parameters: z.object(questionParameters),
  row: z.object({ ...groupColumns, denied_attempts: count, would_be_denied_attempts: count }),
  lines: askedLines,
});
