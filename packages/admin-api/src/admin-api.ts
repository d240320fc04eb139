import { type Clock, type Logger, silentLogger, systemClock } from '@tallygate/usage';
import type { AnalyticsCostDimension, AnalyticsDimension, AnalyticsQuestion } from './analytics-question.ts';
import { readAnalyticsCost, readAnalyticsUsage } from './ask-analytics.ts';
import { type CostQuestion, readCosts, readMessagesUsage, type UsageQuestion } from './ask-buckets.ts';
import { type ClaudeCodeRow, readClaudeCodeDay } from './claude-code-report.ts';
import { type OrganizationApiKey, readApiKeys } from './organization-api-keys.ts';
import { type OrganizationWorkspace, readWorkspaces } from './organization-workspaces.ts';
import { createProviderClient } from './provider-client.ts';
import type { ReadReport, ReportAsked } from './read-report.ts';
import { type ReportName, readableReports } from './readable-reports.ts';
import type { CostBucket, CostRow, DatedReport, UsageBucket, UsageRow } from './reported.ts';

/**
 * The provider's own account of an organization: what it counted and what it billed.
 *
 * Promise: a resolved report is complete and exact over the asked range, or the call rejects:
 * `TALLYGATE_KEY_REJECTED` (401, 403), `TALLYGATE_PROVIDER_UNAVAILABLE` (network, limits, outage),
 * `TALLYGATE_REPORT_MALFORMED` (not what is documented), `TALLYGATE_REQUEST_INVALID` (the question itself is wrong).
 */
export interface AdminApi {
  /** Family A: tokens of [fromMs, toMs) per bucket and group. Both ends must lie on bucket boundaries; at most five dimensions. */
  messagesUsage(question: UsageQuestion): Promise<UsageBucket[]>;
  /** Family B: billed amounts of [fromMs, toMs) per UTC day and group. Both ends must be UTC midnights. */
  costs(question: CostQuestion): Promise<CostBucket[]>;
  /** Family D: tokens and requests, by key, workspace and more; says how far its data has come. */
  analyticsUsage(question: AnalyticsQuestion<AnalyticsDimension>): Promise<DatedReport<UsageRow>>;
  /** Family D: net and list amounts by the same dimensions. */
  analyticsCost(question: AnalyticsQuestion<AnalyticsCostDimension>): Promise<DatedReport<CostRow>>;
  /** Family C: Claude Code on one UTC day. Its usage is in the other reports, too. */
  claudeCode(dayMs: number): Promise<ClaudeCodeRow[]>;
  /** Ids, hints, names and places of the organization's keys; null when the provider does not offer the list to it. */
  apiKeys(): Promise<OrganizationApiKey[] | null>;
  /** The default workspace and archived ones included; null when the provider does not offer the list. */
  workspaces(): Promise<OrganizationWorkspace[] | null>;
  /** Which of these the key may read. Rejects with `TALLYGATE_KEY_REJECTED` where it is none. */
  readableReports(nowMs: number): Promise<ReadonlySet<ReportName>>;
}

export interface AdminApiOptions {
  /** Whose key it is to be; an answer that names another organization is refused. Left out, the answer's is taken. */
  organizationId?: string;
  /** An admin key (`sk-ant-admin01-…`); keys of a workspace are refused by the provider. */
  apiKey: string;
  baseUrl?: string;
  /** Tells which buckets are over. */
  clock?: Clock;
  logger?: Logger;
  fetch?: typeof globalThis.fetch;
  /** Receives every report as it was answered, before anything is made of it; where this rejects, so does the question. */
  onReport?: (report: ReadReport) => Promise<void>;
  /** Asked before the provider is, about each report: the body of an earlier answer stands for a new one; null: there is none. */
  recall?: (asked: ReportAsked) => Promise<Record<string, unknown> | null>;
}

export function createAdminApi(options: AdminApiOptions): AdminApi {
  const client = createProviderClient({
    apiKey: options.apiKey,
    // Named even when it is the default: left out, the SDK would read it from the environment.
    baseUrl: options.baseUrl ?? 'https://api.anthropic.com',
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.onReport === undefined ? {} : { onReport: options.onReport }),
    ...(options.organizationId === undefined ? {} : { organizationId: options.organizationId }),
    ...(options.recall === undefined ? {} : { recall: options.recall }),
  });
  const reports: Omit<AdminApi, 'readableReports'> = {
    messagesUsage: (question) => readMessagesUsage(client, question),
    costs: (question) => readCosts(client, question),
    analyticsUsage: (question) => readAnalyticsUsage(client, question),
    analyticsCost: (question) => readAnalyticsCost(client, question),
    claudeCode: (dayMs) => readClaudeCodeDay(client, dayMs),
    apiKeys: () => readApiKeys(client),
    workspaces: () => readWorkspaces(client),
  };
  return { ...reports, readableReports: (nowMs) => readableReports(reports, nowMs) };
}
