export {
  type AdminApi,
  type AdminApiOptions,
  type BucketWidth,
  type CostQuestion,
  createAdminApi,
  type UsageQuestion,
} from './admin-api.ts';
export type { CostBucket, CostDimension, CostLine, CostRow } from './cost-report.ts';
export type { OrganizationApiKey } from './organization-api-keys.ts';
export type { UsageFilters } from './usage-filters.ts';
export type {
  ReportedUsage,
  UsageBucket,
  UsageDimension,
  UsageGroup,
  UsageRow,
} from './usage-report-messages.ts';
