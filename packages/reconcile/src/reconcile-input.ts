import type { CostBucket, UsageBucket } from '@tallygate/admin-api';
import type { PicoUsd, SettlementGap, SpendRow } from '@tallygate/usage';
import type { DifferingDay } from './compare-days.ts';
import type { Caveat, ReportFreshness } from './reconciliation.ts';
import type { TokenCounts } from './token-counts.ts';

/**
 * Both sides of one or more whole days: whatever either has of a day comes at once. A month of a large organization has hundreds
 * of thousands of sums, so that nobody has to hold them all.
 */
export interface DaySides {
  /** By "ended", grouped at least by `INTERNAL_GROUPS` with day. */
  internal: readonly SpendRow[];
  /** Daily buckets grouped by `USAGE_GROUPS`. */
  usage: readonly UsageBucket[];
  /** The part of it at fast speed, in the same groups; null: nobody can tell, and speeds are not compared. */
  fastUsage: readonly UsageBucket[] | null;
  /** The same usage grouped by `WORKSPACE_GROUPS`; empty: nobody asked, and no workspace is ever found dark. */
  usageByWorkspace: readonly UsageBucket[];
  /** The part of that at fast speed; null as above. */
  fastByWorkspace: readonly UsageBucket[] | null;
  /** By "description", or by `USAGE_GROUPS` and "cost_type". */
  costs: readonly CostBucket[];
}

/** What is the same for every day of a range. */
export interface RangeTerms {
  /** Numbers that no settlement has, and when their neighbours were made. */
  gaps: readonly SettlementGap[];
  /** Rows of ours in the minutes just outside of the range, grouped as its days are: usage at its ends may be theirs. */
  outside: readonly SpendRow[];
  price: PriceTokens;
  /** The one name under which both sides' rows of a model meet; an unknown name is returned as it is. */
  modelName(name: string): string;
  /** The provider's id of the key behind a row, or null when it cannot be told. */
  apiKeyIdOf(row: SpendRow): string | null;
}

/** What a reconciliation looks at beside its days. It asks nothing else of anybody: the same input gives the same result. */
export interface ReconcileInput extends RangeTerms {
  organization: string;
  /** [fromMs, toMs): UTC midnights. */
  fromMs: number;
  toMs: number;
  nowMs: number;
  /** What `suspectsOf` asks to be read minute by minute. */
  minutes: readonly MinuteStretch[];
  /** What it asks to be read by price: by "ended", grouped at least by `CHARGE_GROUPS` with day. */
  charges: readonly SpendRow[];
  /** Batches of the days beside the range, where `suspectsOf` asks for them: what differs there. */
  beside: readonly DifferingDay[];
  /** How long the provider may take to show a request. A younger bucket proves nothing. */
  reportDelayMs: number;
  tolerancePicoUsd: PicoUsd;
  /** What the pull noticed. */
  caveats: readonly Caveat[];
  /** How recent the reports are that it was read from. */
  freshness?: readonly ReportFreshness[];
}

/** A gapless run of minutes, from both sides. It may reach beyond the range, whose edges then have neighbours. */
export interface MinuteStretch {
  fromMs: number;
  toMs: number;
  /** Of which of the provider's keys it holds everything. Nothing is concluded about any other. */
  apiKeyIds: readonly string[];
  /** By "ended", grouped at least by `MINUTE_GROUPS` with minute. */
  internal: readonly SpendRow[];
  /** 1-minute buckets grouped by `WORKSPACE_GROUPS`, one for each minute. */
  usage: readonly UsageBucket[];
  /** As of days. */
  fastUsage: readonly UsageBucket[] | null;
  /** How far the provider says that they have come; null: it does not say. */
  completeToMs: number | null;
}

/** All of them are in the ledger's billing rollups, so that a month is read in milliseconds. */
export const INTERNAL_GROUPS = [
  'responseModel',
  'backend',
  'apiKeyId',
  'apiKeyHint',
  'workspaceId',
  'basis',
  'serviceTier',
  'inferenceGeo',
  'speed',
  'promptBand',
] as const;

/** Where there are rows at all: the same for a day as for a year. */
export const PLACE_GROUPS = [
  'responseModel',
  'backend',
  'apiKeyId',
  'apiKeyHint',
  'workspaceId',
  'basis',
] as const;

export const MINUTE_GROUPS = [...INTERNAL_GROUPS, 'status', 'startedDay'] as const;

export const CHARGE_GROUPS = [...MINUTE_GROUPS, 'priceId'] as const;

/** Five is all that the provider groups by at once. */
export const USAGE_GROUPS = [
  'api_key_id',
  'model',
  'service_tier',
  'inference_geo',
  'context_window',
] as const;

export const WORKSPACE_GROUPS = [
  'api_key_id',
  'model',
  'service_tier',
  'inference_geo',
  'workspace_id',
] as const;

/** Exact list price of tokens in one prompt, or null when the price list leaves a guess to make. */
export type PriceTokens = (question: {
  model: string;
  atMs: number;
  tokens: TokenCounts;
  serviceTier: string | null;
  inferenceGeo: string | null;
  speed: string | null;
}) => PicoUsd | null;
