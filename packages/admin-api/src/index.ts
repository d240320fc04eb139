export { type AdminApi, type AdminApiOptions, createAdminApi } from './admin-api.ts';
export {
  type AnalyticsCostDimension,
  type AnalyticsDimension,
  type AnalyticsFilters,
  type AnalyticsQuestion,
  analyticsReachBackTo,
} from './analytics-question.ts';
export type { CostQuestion, UsageQuestion } from './ask-buckets.ts';
export {
  BILLED_FIELDS,
  type BilledColumns,
  type BilledDay,
  type BilledField,
  type CsvRow,
  readBilledCsv,
} from './billed-csv.ts';
export { BUCKET_WIDTH_MS, type BucketWidth } from './bucket-width.ts';
export type { ClaudeCodeActor, ClaudeCodeModel, ClaudeCodeRow } from './claude-code-report.ts';
export { readConsoleCsv } from './console-csv.ts';
export type { CostReportDimension } from './cost-report.ts';
export type { OrganizationApiKey } from './organization-api-keys.ts';
export type { OrganizationWorkspace } from './organization-workspaces.ts';
export { isNotOffered } from './provider-client.ts';
export type { ReadReport, ReportAsked } from './read-report.ts';
export { REPORTS, type ReportName } from './readable-reports.ts';
export type {
  Bucket,
  CostBucket,
  CostDimension,
  CostGroup,
  CostRow,
  DatedReport,
  ReportedUsage,
  UsageBucket,
  UsageDimension,
  UsageGroup,
  UsageRow,
} from './reported.ts';
export { readStoredReport, type StoredLine, type StoredLines } from './stored-report.ts';
export type { UsageFilters } from './usage-filters.ts';
export type { MessagesUsageDimension } from './usage-report-messages.ts';
