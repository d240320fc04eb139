import type { UsageBucket, UsageGroup } from '@tallygate/admin-api';
import { PICO_USD_PER_NANO_USD, type PicoUsd, type SpendRow } from '@tallygate/usage';
import type { ReconcileInput } from './reconcile-input.ts';
import { type TokenCounts, tokensOfSpend } from './token-counts.ts';

/** A sum of our rows, in the provider's terms. */
export interface OurRow {
  /** Start of the day or minute. */
  atMs: number;
  model: string;
  /** Null: it cannot be told which of the provider's keys it is. */
  apiKeyId: string | null;
  isEstimated: boolean;
  isPriority: boolean;
  attempts: number;
  tokens: TokenCounts;
  /** Rounded, as it was charged; web searches included. */
  chargedPicoUsd: PicoUsd;
  webSearchPicoUsd: PicoUsd;
  /** Exact − charged. */
  roundingPicoUsd: PicoUsd;
}

/** A row of the provider's usage report. */
export interface TheirRow {
  atMs: number;
  model: string;
  /** Null: no key was involved, as in the Console's playground. */
  apiKeyId: string | null;
  serviceTier: string | null;
  inferenceGeo: string | null;
  contextWindow: string | null;
  tokens: TokenCounts;
}

type Naming = Pick<ReconcileInput, 'modelName' | 'apiKeyIdOf'>;

/** Rows of partner clouds stay out: they are on other bills. */
export function ourRows(rows: readonly SpendRow[], time: 'day' | 'minute', naming: Naming): OurRow[] {
  return rows.filter(isOnThisBill).map((row) => ({
    atMs: Date.parse(row.group[time] ?? ''),
    model: naming.modelName(row.group.responseModel ?? ''),
    apiKeyId: naming.apiKeyIdOf(row),
    isEstimated: row.group.basis === 'estimated',
    isPriority: isPriorityTier(row.group.serviceTier ?? null),
    attempts: row.attempts,
    tokens: tokensOfSpend(row),
    chargedPicoUsd: row.listCostNanoUsd * PICO_USD_PER_NANO_USD,
    webSearchPicoUsd: row.webSearchCostNanoUsd * PICO_USD_PER_NANO_USD,
    roundingPicoUsd: row.roundingPicoUsd,
  }));
}

export function isOnThisBill(row: SpendRow): boolean {
  return row.group.backend === 'anthropic';
}

export function theirRows(buckets: readonly UsageBucket[], naming: Naming): TheirRow[] {
  return buckets.flatMap(({ startMs, rows }) =>
    rows.map(({ group, usage }) => ({
      atMs: startMs,
      model: naming.modelName(group.model ?? ''),
      ...dimensionsOf(group),
      tokens: usage,
    })),
  );
}

function dimensionsOf(
  group: UsageGroup,
): Pick<TheirRow, 'apiKeyId' | 'serviceTier' | 'inferenceGeo' | 'contextWindow'> {
  return {
    apiKeyId: group.api_key_id ?? null,
    serviceTier: group.service_tier ?? null,
    inferenceGeo: group.inference_geo ?? null,
    contextWindow: group.context_window ?? null,
  };
}

/** "priority", "priority_on_demand": capacity paid by contract. Its tokens are in the usage report, its cost never in the bill. */
export function isPriorityTier(serviceTier: string | null): boolean {
  return serviceTier?.startsWith('priority') ?? false;
}

export function exactPicoUsd(row: OurRow): PicoUsd {
  return row.chargedPicoUsd + row.roundingPicoUsd;
}

export function sumPico(amounts: Iterable<PicoUsd>): PicoUsd {
  let sum = 0n;
  for (const amountPicoUsd of amounts) sum += amountPicoUsd;
  return sum;
}
