import type { PicoUsd } from '@tallygate/usage';

/**
 * The one form in which every family of the provider's reports is handed on.
 *
 * In a group, an absent dimension was not asked for; null was, and there is none (default workspace, no key). On the wire both are
 * null, so only the question tells them apart. Strings are open: new values arrive without notice.
 */
export interface Bucket<Row> {
  /** [startMs, endMs), UTC. */
  startMs: number;
  endMs: number;
  rows: Row[];
  /** It was not over, and the provider did not send it: nothing is known of it, which is not the same as nothing used. */
  isPending?: true;
}

export type UsageDimension =
  | 'account_id'
  | 'actor'
  | 'api_key_id'
  | 'context_window'
  | 'inference_geo'
  | 'model'
  | 'organization_id'
  | 'product'
  | 'service_account_id'
  | 'service_tier'
  | 'speed'
  | 'user_profile_id'
  | 'workspace_id';
export type UsageGroup = Partial<Record<UsageDimension, string | null>>;

/** Counts as the provider reports them, each in the class it is billed in. */
export interface ReportedUsage {
  uncachedInputTokens: number;
  cacheReadInputTokens: number;
  cacheWrite5mInputTokens: number;
  cacheWrite1hInputTokens: number;
  outputTokens: number;
  webSearchRequests: number;
}

export interface UsageRow {
  group: UsageGroup;
  usage: ReportedUsage;
  /** Null: this report does not count requests. */
  requests: number | null;
  /** Counts above zero in fields that this version does not know ("cache_creation.ephemeral_24h_input_tokens"): not in `usage`. */
  unknownCounts: Record<string, number>;
}
export type UsageBucket = Bucket<UsageRow>;

/** Of a line of the bill: "tokens", "web_search", "code_execution", "session_usage" …; what a line has none of is null. */
export type CostDimension = UsageDimension | 'cost_type' | 'token_type' | 'description';
export type CostGroup = Partial<Record<CostDimension, string | null>>;

export interface CostRow {
  group: CostGroup;
  /** As billed, before credits. Whether family B's is net of contract discounts the provider does not say. */
  amountPicoUsd: PicoUsd;
  /** Before contract discounts; null: this report does not say. */
  listAmountPicoUsd: PicoUsd | null;
  /** Null: this report does not count requests, or not in this grouping. */
  requests: number | null;
}
export type CostBucket = Bucket<CostRow>;

/**
 * A report that states how far it has come. Buckets that end after `refreshedAtMs` are incomplete; null says that there is no
 * data yet for the range, which is not the same as nothing used.
 */
export interface DatedReport<Row> {
  buckets: Bucket<Row>[];
  refreshedAtMs: number | null;
}
