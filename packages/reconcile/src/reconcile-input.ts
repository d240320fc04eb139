import type { CostBucket, UsageBucket } from '@tallygate/admin-api';
import type { PicoUsd, SpendRow } from '@tallygate/usage';
import type { Caveat, ReportFreshness } from './reconciliation.ts';
import type { TokenCounts } from './token-counts.ts';

/** Everything a reconciliation looks at. It asks nothing else of anybody: the same input gives the same result. */
export interface ReconcileInput {
  organization: string;
  /** [fromMs, toMs): UTC midnights. */
  fromMs: number;
  toMs: number;
  nowMs: number;
  /** By "ended", grouped at least by `INTERNAL_GROUPS` with day. */
  internal: SpendRow[];
  /** Daily buckets grouped by `USAGE_GROUPS`. */
  usage: UsageBucket[];
  /** Grouped by description. */
  costs: CostBucket[];
  /** The days on which estimated rows are checked minute by minute. */
  minutes: MinuteStretch[];
  price: PriceTokens;
  /** The one name under which both sides' rows of a model meet; an unknown name is returned as it is. */
  modelName(name: string): string;
  /** The provider's id of the key behind a row, or null when it cannot be told. */
  apiKeyIdOf(row: SpendRow): string | null;
  /** How long the provider may take to show a request. A younger bucket proves nothing. */
  reportDelayMs: number;
  tolerancePicoUsd: PicoUsd;
  /** What the pull noticed. */
  caveats: Caveat[];
  freshness?: ReportFreshness[];
}

/** A gapless run of minutes, from both sides. */
export interface MinuteStretch {
  fromMs: number;
  toMs: number;
  /** By "ended", grouped at least by `INTERNAL_GROUPS` with minute. */
  internal: SpendRow[];
  /** 1-minute buckets grouped by `USAGE_GROUPS`, one for each minute. */
  usage: UsageBucket[];
}

export const INTERNAL_GROUPS = [
  'responseModel',
  'backend',
  'apiKeyId',
  'apiKeyHint',
  'basis',
  'serviceTier',
] as const;

export const USAGE_GROUPS = [
  'api_key_id',
  'model',
  'service_tier',
  'inference_geo',
  'context_window',
] as const;

/** Exact list price of tokens in one prompt band, or null when the price list leaves a guess to make. */
export type PriceTokens = (question: {
  model: string;
  atMs: number;
  tokens: TokenCounts;
  serviceTier: string | null;
  inferenceGeo: string | null;
}) => PicoUsd | null;
