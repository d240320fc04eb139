export {
  ALERT_PERCENT_MAX,
  type Alert,
  type AlertOutbox,
  alertId,
  alertOutcomeSchema,
  alertSchema,
  DEFAULT_ALERTS,
  type SentAlert,
  type SentAlerts,
  type SentAlertsQuery,
  sentAlertSchema,
  sentAlertsQuerySchema,
} from './alert-port.ts';
export { type Attribution, attributionSchema, type CallAttribution, UNASSIGNED } from './attribution.ts';
export {
  type BatchAdditions,
  type BatchFact,
  type BatchFacts,
  type BatchKey,
  type BatchOwner,
  type BatchOwners,
  batchFactSchema,
  batchOwnerSchema,
  type LiveBatch,
  type LiveBatches,
} from './batch-port.ts';
export {
  type Budget,
  type BudgetScope,
  type BudgetSubject,
  budgetCovers,
  budgetModeSchema,
  budgetOfValue,
  budgetSchema,
  budgetsFor,
  describeCover,
  describeMode,
  describeOutagePolicy,
  describeOverage,
  describeScope,
  type EachDimension,
  eachSchema,
  hardLimit,
  isEnforced,
  type OutagePolicy,
  OVERAGE_BASIS_POINTS_MAX,
  outagePolicySchema,
  SCOPE_DIMENSIONS,
  valueOfBudget,
  valuesOf,
} from './budget.ts';
export { type CallIntent, callIntentSchema } from './call-intent.ts';
export { type Clock, isoFromMs, systemClock } from './clock.ts';
export {
  type ConfigurationSnapshot,
  configurationSnapshotSchema,
  DRAIN_DEFAULTS,
  DRAIN_MEGABYTES_MAX,
  DRAIN_SECONDS_MAX,
  emptyConfiguration,
  type Feature,
  featureSchema,
  type Team,
  teamSchema,
  type UnpricedPolicy,
  unpricedPolicySchema,
} from './configuration.ts';
export { AttributionError, BudgetExceededError, describeDenial } from './denial.ts';
export { ERRORS, type ErrorCode, TallygateError, type TallygateErrorOptions } from './errors.ts';
export {
  type Balance,
  type BudgetGate,
  type BudgetName,
  balanceSchema,
  budgetNameSchema,
  type ExtendReply,
  extendReplySchema,
  type ReserveReply,
  type ReserveRequest,
  reserveReplySchema,
  reserveRequestSchema,
  type SettledTotal,
  type SettleReply,
  type SettleRequest,
  settledTotalSchema,
  settleReplySchema,
  settleRequestSchema,
} from './gate-port.ts';
export {
  type ConfigVersionRecord,
  configVersionRecordSchema,
  type EstimateAccuracy,
  estimateAccuracySchema,
  type LedgerCounts,
  ledgerCountsSchema,
  type SettledSelection,
  type SettledTotals,
  type SettlementGap,
  SPEND_DIMENSIONS,
  type SpendDimension,
  type SpendHistory,
  type SpendQuery,
  type SpendRow,
  type StoredReport,
  settledSelectionSchema,
  settledTotalsSchema,
  settlementGapSchema,
  spendDimensionSchema,
  spendQuerySchema,
  spendRowSchema,
  storedReportSchema,
  TIME_DIMENSIONS,
  type UnknownUsage,
  unknownUsageSchema,
} from './history-port.ts';
export {
  budgetIdOf,
  type Denial,
  type DenialRecord,
  denialRecordSchema,
  denialSchema,
  type Hold,
  type HoldEntry,
  holdSchema,
} from './hold.ts';
export {
  derivedEventId,
  newAttemptId,
  newCallId,
  newDenialId,
  newOverrideId,
  newReportId,
} from './identity.ts';
export {
  LADDER_STEPS,
  LADDER_STEPS_MAX,
  type LadderChange,
  type LadderStep,
  ladderChangeSchema,
  ladderStepSchema,
} from './ladder.ts';
export { type Logger, neverThrowing, silentLogger } from './logger.ts';
export {
  amountFields,
  formatAmount,
  formatBareAmount,
  MEASURES,
  type Measure,
  measureSchema,
} from './measure.ts';
export {
  formatUsd,
  NANO_USD_MAX,
  NANO_USD_PER_USD,
  type NanoUsd,
  nanoFromPico,
  nanoFromUsd,
  nanoUsdSchema,
  PICO_USD_PER_NANO_USD,
  type PicoUsd,
  usdFromNano,
  usdFromPico,
} from './money.ts';
export { nearestName } from './nearest.ts';
export { type Override, overrideSchema, type Pause, runningOverrides } from './override.ts';
export {
  describePeriod,
  describeReset,
  LONGEST_PERIOD_MS,
  PERIOD_UNITS,
  type Period,
  type PeriodUnit,
  periodAt,
  periodUnitSchema,
  requireTimeZone,
  utcDaysCovering,
} from './period.ts';
export {
  type KnownEventsQuery,
  knownEventsQuerySchema,
  type UsageCursor,
  type UsagePage,
  type UsagePageQuery,
  type UsageRecords,
  usagePageQuerySchema,
  usagePageSchema,
} from './records-port.ts';
export { resolveTeam } from './registry.ts';
export {
  type ReportPull,
  type ReportQuestion,
  type ReportVersion,
  type ReportVersions,
  reportPullSchema,
  reportQuestionSchema,
  reportVersionSchema,
  type StoredReportVersion,
  storedReportVersionSchema,
} from './report-version-port.ts';
export { type Settlement, type SettlementKind, settlementSchema } from './settlement.ts';
export type { FlushReport, SealedSegment, SegmentDestination, UsageSink } from './sink-port.ts';
export {
  addBilledCounts,
  NO_USAGE,
  type TokenUsage,
  tokenUsageSchema,
  totalInputTokens,
} from './token-usage.ts';
export {
  type AttemptEstimate,
  type Backend,
  backendSchema,
  billedTokens,
  chargeOf,
  contractedCostNanoUsd,
  type EventStatus,
  eventStatusSchema,
  type UsageEvent,
  type UsageLine,
  usageEventSchema,
  usageLineSchema,
} from './usage-event.ts';
export {
  type Percentiles,
  USAGE_ORDERS,
  type UsageAnswer,
  type UsageGroup,
  type UsageOrder,
  type UsageQuestion,
  usageAnswerSchema,
  usageQuestionSchema,
} from './usage-question.ts';
export { toWireJson } from './wire.ts';
