import { z } from 'zod';
import type { SentAlerts } from './alert-port.ts';
import type { FinanceRecords } from './finance-port.ts';
import { settledTotalSchema } from './gate-port.ts';
import type { DenialRecord } from './hold.ts';
import { nanoUsdSchema } from './money.ts';
import type { UsageRecords } from './records-port.ts';
import type { ReportVersions } from './report-version-port.ts';
import { tokenUsageSchema } from './token-usage.ts';
import type { UsageAnswer, UsageQuestion } from './usage-question.ts';

/** By what spend can be grouped. */
export const SPEND_DIMENSIONS = [
  'team',
  'feature',
  'environment',
  'requestModel',
  'responseModel',
  'status',
  'basis',
  'backend',
  'apiKeyId',
  'apiKeyHint',
  'workspaceId',
  'providerOrganizationId',
  'serviceTier',
  'speed',
  'inferenceGeo',
  'promptBand',
  'priceId',
  'lineType',
  'startedDay',
  'user',
  'workflow',
  'taskType',
  'tag',
  'month',
  'day',
  'hour',
  'minute',
] as const;
export const spendDimensionSchema = z.enum(SPEND_DIMENSIONS);
export type SpendDimension = z.output<typeof spendDimensionSchema>;

/** Those that say when; the others say whose and what. */
export const TIME_DIMENSIONS = [
  'month',
  'day',
  'hour',
  'minute',
] as const satisfies readonly SpendDimension[];

/** Which instant of an event places it: the provider bills by when it ended, budgets count by when it was admitted. */
const spendInstantSchema = z.enum(['ended', 'budget']);

export const spendQuerySchema = z.object({
  organization: z.string().min(1),
  fromMs: z.number().int(),
  toMs: z.number().int(),
  by: spendInstantSchema,
  groupBy: z.array(spendDimensionSchema),
  /** Only what has one of these values in each of these dimensions; not by time, which is the range's. */
  filter: z.partialRecord(spendDimensionSchema.exclude([...TIME_DIMENSIONS]), z.array(z.string())).optional(),
  /** Which tag the dimension "tag" means. */
  tagKey: z.string().min(1).optional(),
});
export type SpendQuery = z.output<typeof spendQuerySchema>;

/** Sums over deduplicated rows. Time dimensions are ISO 8601 instants in UTC; a dimension that a row lacks reads "". */
export const spendRowSchema = z.object({
  group: z.partialRecord(spendDimensionSchema, z.string()),
  /** Calls whose first attempt stands here: each call is one in the sum of all groups, however often it was tried. */
  calls: z.number().int(),
  attempts: z.number().int(),
  failedAttempts: z.number().int(),
  usage: tokenUsageSchema.omit({ thinkingTokens: true }),
  listCostNanoUsd: nanoUsdSchema,
  contractedCostNanoUsd: nanoUsdSchema,
  /** Of listCost, the part that stands for web searches. */
  webSearchCostNanoUsd: nanoUsdSchema,
  /** Σ exact − rounded list cost. */
  roundingPicoUsd: nanoUsdSchema,
});
export type SpendRow = z.output<typeof spendRowSchema>;

export const ledgerCountsSchema = z.object({
  /** Distinct events. */
  events: z.number().int(),
  /** Distinct (event, line) pairs. */
  lines: z.number().int(),
  /** Rows beyond one per (event, line): 0 unless something was stored twice. */
  duplicates: z.number().int(),
  settlements: z.number().int(),
  denials: z.number().int(),
});
export type LedgerCounts = z.output<typeof ledgerCountsSchema>;

/** Something the provider reported that the version which recorded it did not know. */
export const unknownUsageSchema = z.object({
  /** Name in the provider's usage object, dotted where it is nested: "cache_creation.ephemeral_1d_input_tokens". */
  field: z.string(),
  /** The value where it is a short text, as a new "service_tier" is; "" for counts and whatever else. */
  value: z.string(),
  attempts: z.number().int(),
  firstSeenMs: z.number().int(),
  lastSeenMs: z.number().int(),
});
export type UnknownUsage = z.output<typeof unknownUsageSchema>;

/** How far the estimates that calls were admitted by were from what they were charged, for calls of one kind. */
export const estimateAccuracySchema = z.object({
  team: z.string(),
  feature: z.string(),
  requestModel: z.string(),
  /** `max_tokens` lay between this power of two and the next; 0 where nothing was to be written. */
  maxOutputTokensFrom: z.number().int(),
  /** Those whose usage the provider reported; the sums and counts below are theirs. */
  attempts: z.number().int(),
  /** Those that failed, or whose usage was estimated or is charged to others. */
  leftOutAttempts: z.number().int(),
  expectedNanoUsd: nanoUsdSchema,
  worstNanoUsd: nanoUsdSchema,
  chargedNanoUsd: nanoUsdSchema,
  aboveExpected: z.number().int(),
  /** Always 0, or what budgets rest on does not hold. */
  aboveWorst: z.number().int(),
});
export type EstimateAccuracy = z.output<typeof estimateAccuracySchema>;

/**
 * Of which budget periods totals are wanted. Without any: of all of budgets without `each`, whose number the configuration bounds.
 */
export const settledSelectionSchema = z.union([
  /** All, of every value as well. */
  z.strictObject({ every: z.literal(true) }),
  z.strictObject({ keys: z.array(z.string().min(1)).max(1_000) }),
  /** Those of a period's values that were charged most, by the key of the period without a value. */
  z.strictObject({ valuesOf: z.string().min(1), atMost: z.number().int().min(1).max(10_000) }),
]);
export type SettledSelection = z.output<typeof settledSelectionSchema>;

/** Sums of settlements per budget period. */
export const settledTotalsSchema = z.object({
  /** The highest number of a settlement, of whatever period. */
  lastSeq: z.number().int(),
  totals: z.array(settledTotalSchema),
  /** How many values the period has; where only those that were charged most were wanted. */
  values: z.number().int().optional(),
});
export type SettledTotals = z.output<typeof settledTotalsSchema>;

/** Numbers that no settlement of an epoch has: rows that were lost, or are still on their way. */
export const settlementGapSchema = z.object({
  epoch: z.string().min(1),
  /** First and last missing number. */
  fromSeq: z.number().int(),
  toSeq: z.number().int(),
  /** When the settlements on either side of the gap were made. */
  beforeMs: z.number().int(),
  afterMs: z.number().int(),
});
export type SettlementGap = z.output<typeof settlementGapSchema>;

/** A finished reconciliation, kept whole: its schema belongs to `reconcile`, this is the envelope it is stored in. */
export const storedReportSchema = z.object({
  reportId: z.string().min(1),
  organization: z.string().min(1),
  /** Whose bill it is about; empty: the only one there is. */
  providerOrganizationId: z.string(),
  kind: z.literal('reconciliation'),
  fromMs: z.number().int(),
  toMs: z.number().int(),
  createdAtMs: z.number().int(),
  body: z.unknown(),
});
export type StoredReport = z.output<typeof storedReportSchema>;

/** A publication of configuration, for the audit. */
export const configVersionRecordSchema = z.object({
  organization: z.string().min(1),
  version: z.number().int(),
  actor: z.string(),
  reason: z.string(),
  publishedAtMs: z.number().int(),
  before: z.unknown(),
  after: z.unknown(),
});
export type ConfigVersionRecord = z.output<typeof configVersionRecordSchema>;

/**
 * What the ledger can be asked. A query that fails rejects with `TALLYGATE_LEDGER_UNAVAILABLE`, or with `TALLYGATE_LEDGER_EXHAUSTED`
 * where its answer needs more memory than the embedded engine may take; it never answers 0.
 */
export interface SpendHistory extends UsageRecords, SentAlerts, FinanceRecords {
  /** The provider's side of the account, as it was told. */
  reportVersions: ReportVersions;
  /** By user, workflow, task type or tag at most 31 days. */
  spend(query: SpendQuery): Promise<SpendRow[]>;
  /** Spend with rates, means, denials and percentiles, ranked; percentiles of at most 31 days. */
  usage(question: UsageQuestion): Promise<UsageAnswer>;
  counts(range: { organization: string; fromMs: number; toMs: number }): Promise<LedgerCounts>;
  /** Usage that no version so far has understood, by when its attempts ended; ordered by field and value. */
  unknownUsage(range: { organization: string; fromMs: number; toMs: number }): Promise<UnknownUsage[]>;
  /** By kind of call, for attempts admitted in [fromMs, toMs): those above their worst case first, then the dearest. */
  estimates(range: { organization: string; fromMs: number; toMs: number }): Promise<EstimateAccuracy[]>;
  /** Σ of settlements per budget period whose period may still be asked for. What a lost gate is rebuilt from. */
  settledTotals(organization: string, selection?: SettledSelection): Promise<SettledTotals>;
  /** The first 1,000 gaps between settlements that were made in [fromMs, toMs), by epoch and number. */
  settlementGaps(range: { organization: string; fromMs: number; toMs: number }): Promise<SettlementGap[]>;
  /** Of each of the provider's organizations the newest one, the newest first; with a range, of exactly that range. */
  lastReports(organization: string, range?: { fromMs: number; toMs: number }): Promise<StoredReport[]>;
  saveReport(report: StoredReport): Promise<void>;
  lastConfigVersion(organization: string): Promise<ConfigVersionRecord | null>;
  /** Null where no stored row has this id; the row may still wait in a spool. */
  denial(query: { organization: string; denialId: string }): Promise<DenialRecord | null>;
  /** What made this version live; null where that was never recorded. */
  configVersion(query: { organization: string; version: number }): Promise<ConfigVersionRecord | null>;
  saveConfigVersion(record: ConfigVersionRecord): Promise<void>;
}
