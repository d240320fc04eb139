import type { UsageBucket } from '@tallygate/admin-api';
import { PICO_USD_PER_NANO_USD, type PicoUsd, type SpendRow } from '@tallygate/usage';
import { dayOf } from './places.ts';
import type { Terms } from './rates.ts';
import type { ReconcileInput } from './reconcile-input.ts';
import { isNothing, subtractTokens, type TokenCounts, tokensOfSpend } from './token-counts.ts';

/** A sum of our rows, in the provider's terms. */
export interface OurRow extends Terms {
  /** Start of the day or minute. */
  atMs: number;
  /** The day on which its attempts began, whose price is theirs; `atMs` where rows of all such days stand together. */
  pricedAtMs: number;
  /** Null: it cannot be told which of the provider's keys it is. */
  apiKeyId: string | null;
  /** Null: the answer did not say. */
  workspaceId: string | null;
  isEstimated: boolean;
  /** "" where rows of all outcomes stand together. */
  status: string;
  /** "" where nothing was charged, or rows of all prices stand together. */
  priceId: string;
  attempts: number;
  failedAttempts: number;
  tokens: TokenCounts;
  /** Rounded, as it was charged; web searches included. */
  chargedPicoUsd: PicoUsd;
  webSearchPicoUsd: PicoUsd;
  /** Exact − charged. */
  roundingPicoUsd: PicoUsd;
}

/** A row of the provider's usage report. */
export interface TheirRow extends Terms {
  atMs: number;
  /** Null: no key was involved, as in the Console's playground. */
  apiKeyId: string | null;
  /** Null: the default one in older reports, or not asked for. */
  workspaceId: string | null;
  /** Null: this report does not count them. */
  requests: number | null;
  tokens: TokenCounts;
}

/** Which bill of what a row is on: priority capacity on none, batches apart because they may be counted a day later. */
export type Lane = 'priority' | 'batch' | 'ordinary';

export interface Naming extends Pick<ReconcileInput, 'modelName' | 'apiKeyIdOf'> {
  /** Whose bill it is; the provider's own unless it is named. */
  backend?: string;
}

/** The backend whose bill the provider's own reports are about. */
const PROVIDER = 'anthropic';

/** Rows of other backends stay out: they are on other bills. */
export function ourRows(rows: readonly SpendRow[], time: 'day' | 'minute', naming: Naming): OurRow[] {
  const isOurs = (row: SpendRow) => isOnThisBill(row, naming.backend);
  const instants = new Map<string, number>();
  return rows.filter(isOurs).map((row) => {
    const { group } = row;
    const atMs = instantOf(group[time] ?? '', instants);
    return {
      atMs,
      pricedAtMs: group.startedDay ? instantOf(group.startedDay, instants) : atMs,
      model: naming.modelName(group.responseModel ?? ''),
      apiKeyId: naming.apiKeyIdOf(row),
      workspaceId: group.workspaceId || null,
      isEstimated: group.basis === 'estimated',
      status: group.status ?? '',
      priceId: group.priceId ?? '',
      serviceTier: group.serviceTier || null,
      inferenceGeo: group.inferenceGeo || null,
      speed: group.speed || null,
      promptBand: group.promptBand === 'standard' || group.promptBand === 'long' ? group.promptBand : null,
      attempts: row.attempts,
      failedAttempts: row.failedAttempts,
      tokens: tokensOfSpend(row),
      chargedPicoUsd: row.listCostNanoUsd * PICO_USD_PER_NANO_USD,
      webSearchPicoUsd: row.webSearchCostNanoUsd * PICO_USD_PER_NANO_USD,
      roundingPicoUsd: row.roundingPicoUsd,
    };
  });
}

/** Rows have few instants between them. */
function instantOf(text: string, known: Map<string, number>): number {
  const knownMs = known.get(text);
  if (knownMs !== undefined) return knownMs;
  const atMs = Date.parse(text);
  known.set(text, atMs);
  return atMs;
}

export function isOnThisBill(row: SpendRow, backend = PROVIDER): boolean {
  return row.group.backend === backend;
}

function theirRows(buckets: readonly UsageBucket[], naming: Naming, speed: string | null = null): TheirRow[] {
  return buckets.flatMap(({ startMs, rows }) =>
    // One object for each row of a month, written out: a spread within would cost more than all the rest of it.
    rows.map(({ group, usage, requests }) => ({
      atMs: startMs,
      model: naming.modelName(group.model ?? ''),
      apiKeyId: group.api_key_id ?? null,
      workspaceId: group.workspace_id ?? null,
      serviceTier: group.service_tier ?? null,
      inferenceGeo: group.inference_geo ?? null,
      speed,
      // The other window is no promise of short prompts: a price list may draw its line elsewhere.
      promptBand: group.context_window === '200k-1M' ? ('long' as const) : null,
      requests,
      tokens: usage,
    })),
  );
}

/** The workspace that all of them are of; null where they name several, or none. */
export function onlyWorkspaceOf(rows: readonly TheirRow[]): string | null {
  const [workspaceId = null, ...others] = new Set(rows.map((row) => row.workspaceId));
  return others.length === 0 ? workspaceId : null;
}

/** Five dimensions are all that a question may have, so fast mode is a question of its own: what it leaves is at standard speed. */
export function rowsBySpeed(
  buckets: readonly UsageBucket[],
  fastBuckets: readonly UsageBucket[] | null,
  naming: Naming,
): TheirRow[] {
  if (fastBuckets === null) return theirRows(buckets, naming);
  const fast = theirRows(fastBuckets, naming, 'fast');
  const all = theirRows(buckets, naming, 'standard');
  if (fast.length === 0) return all;
  const parts = new Map(fast.map((row) => [cellOf(row), row]));
  const rest = all.map((row) => withoutPart(row, parts.get(cellOf(row))));
  return [...rest.filter(({ tokens }) => !isNothing(tokens)), ...fast];
}

function withoutPart(row: TheirRow, part: TheirRow | undefined): TheirRow {
  if (part === undefined) return row;
  const requests = row.requests === null ? null : row.requests - (part.requests ?? 0);
  return { ...row, requests, tokens: subtractTokens(row.tokens, part.tokens) };
}

function cellOf({
  atMs,
  apiKeyId,
  workspaceId,
  model,
  serviceTier,
  inferenceGeo,
  promptBand,
}: TheirRow): string {
  return [atMs, apiKeyId, workspaceId, serviceTier, inferenceGeo, promptBand, model].join(' ');
}

/** "priority", "priority_on_demand": capacity paid by contract. Its tokens are in the usage report, its cost never in the bill. */
export function laneOf(serviceTier: string | null): Lane {
  if (serviceTier === 'batch') return 'batch';
  return serviceTier?.startsWith('priority') ? 'priority' : 'ordinary';
}

/** A call that ends after midnight costs what it did when it began. */
export function asPriced(row: OurRow): OurRow {
  return row.pricedAtMs < dayOf(row.atMs) ? { ...row, atMs: row.pricedAtMs } : row;
}

export function exactPicoUsd(row: OurRow): PicoUsd {
  return row.chargedPicoUsd + row.roundingPicoUsd;
}

export function sumPico(amounts: Iterable<PicoUsd>): PicoUsd {
  let sum = 0n;
  for (const amountPicoUsd of amounts) sum += amountPicoUsd;
  return sum;
}
