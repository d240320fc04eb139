import type { CostRow, UsageBucket, UsageRow } from '@tallygate/admin-api';
import type { SpendRow } from '@tallygate/usage';
import { type ComparedDays, createDayComparison } from '../compare-days.ts';
import { dayOf } from '../places.ts';
import { reconcile as reconcileDays } from '../reconcile.ts';
import type { DaySides, MinuteStretch, PriceTokens, ReconcileInput } from '../reconcile-input.ts';
import type { Reconciliation } from '../reconciliation.ts';
import { type Suspects, suspectsOf } from '../suspects.ts';
import { countsBy, NO_TOKENS, TOKEN_CLASSES, type TokenCounts } from '../token-counts.ts';

/** Made inputs of a small world: three days, one price list, and whatever a test puts in. */
export const DAY_MS = 86_400_000;
export const MINUTE_MS = 60_000;
export const DAY_1 = Date.parse('2026-11-01T00:00:00Z');

/** Pico-USD per token of any model; a prompt above 1000 uncached tokens costs double on "banded". Odd, so that nano rounding shows. */
const RATES = countsBy((tokenClass) => 1_000_001 + 100_003 * TOKEN_CLASSES.indexOf(tokenClass));

export const price: PriceTokens = ({ model, tokens, serviceTier, inferenceGeo }) => {
  if (model === 'unknown-model' || serviceTier === 'flex') return null;
  const list = TOKEN_CLASSES.reduce((sum, c) => sum + BigInt(RATES[c]) * BigInt(tokens[c]), 0n);
  const banded = model === 'banded' && tokens.uncachedInputTokens > 1000 ? list * 2n : list;
  return inferenceGeo === 'us' ? banded * 2n : banded;
};

export function tokens(changes: Partial<TokenCounts>): TokenCounts {
  return { ...NO_TOKENS, ...changes };
}

interface OurFields {
  atMs: number;
  /** Default: the same day. */
  startedMs?: number;
  time?: 'day' | 'minute';
  model?: string;
  apiKeyId?: string;
  basis?: 'reported' | 'estimated';
  serviceTier?: string;
  status?: string;
  priceId?: string;
  workspaceId?: string;
  inferenceGeo?: string;
  speed?: string;
  promptBand?: string;
  backend?: string;
  attempts?: number;
  tokens: TokenCounts;
  /** Default: what the price list says, rounded down to nano, the rest as rounding. */
  exactPicoUsd?: bigint;
}

export function ourRow(fields: OurFields): SpendRow {
  const { model = 'claude-a', apiKeyId = 'key_1', basis = 'reported', serviceTier = 'standard' } = fields;
  const exactPicoUsd =
    fields.exactPicoUsd ??
    price({ model, atMs: 0, tokens: fields.tokens, serviceTier, inferenceGeo: null, speed: null }) ??
    0n;
  const listCostNanoUsd = exactPicoUsd / 1000n;
  return {
    group: {
      [fields.time ?? 'day']: new Date(fields.atMs).toISOString(),
      responseModel: model,
      backend: fields.backend ?? 'anthropic',
      apiKeyId,
      apiKeyHint: '',
      basis,
      serviceTier,
      workspaceId: fields.workspaceId ?? 'wrkspc_1',
      status: fields.status ?? (basis === 'estimated' ? 'aborted' : 'ok'),
      priceId: fields.priceId ?? 'list',
      inferenceGeo: fields.inferenceGeo ?? '',
      speed: fields.speed ?? 'standard',
      promptBand: fields.promptBand ?? '',
      startedDay: new Date(dayOf(fields.startedMs ?? fields.atMs)).toISOString(),
    },
    calls: fields.attempts ?? 1,
    attempts: fields.attempts ?? 1,
    failedAttempts: 0,
    usage: { ...fields.tokens, cacheWriteUnsplitInputTokens: 0, webFetchRequests: 0 },
    listCostNanoUsd,
    contractedCostNanoUsd: listCostNanoUsd,
    webSearchCostNanoUsd: (BigInt(RATES.webSearchRequests) * BigInt(fields.tokens.webSearchRequests)) / 1000n,
    roundingPicoUsd: exactPicoUsd - listCostNanoUsd * 1000n,
  };
}

interface TheirFields {
  model?: string;
  apiKeyId?: string | null;
  serviceTier?: string | null;
  inferenceGeo?: string | null;
  contextWindow?: string | null;
  /** Set: grouped by workspace in place of prompt length. */
  workspaceId?: string;
  requests?: number;
  tokens: TokenCounts;
}

export function theirRow(fields: TheirFields): UsageRow {
  const {
    model = 'claude-a',
    apiKeyId = 'key_1',
    serviceTier = 'standard',
    inferenceGeo = 'global',
  } = fields;
  return {
    group: {
      api_key_id: apiKeyId,
      model,
      service_tier: serviceTier,
      inference_geo: inferenceGeo,
      ...(fields.workspaceId === undefined
        ? { context_window: fields.contextWindow ?? '0-200k' }
        : { workspace_id: fields.workspaceId }),
    },
    usage: fields.tokens,
    requests: fields.requests ?? null,
    unknownCounts: {},
  };
}

export function usageBuckets(
  fromMs: number,
  widthMs: number,
  count: number,
  rows: [number, UsageRow][],
): UsageBucket[] {
  return Array.from({ length: count }, (_, index) => {
    const startMs = fromMs + index * widthMs;
    const own = rows.filter(([atMs]) => atMs === startMs).map(([, row]) => row);
    return { startMs, endMs: startMs + widthMs, rows: own };
  });
}

export function tokenCost(amountPicoUsd: bigint, model = 'claude-a'): CostRow {
  return costRow(amountPicoUsd, { cost_type: 'tokens', model, token_type: 'output_tokens' });
}

/** Grouped by description. */
export function costRow(amountPicoUsd: bigint, line: CostRow['group'] = {}): CostRow {
  const group = {
    description: null,
    cost_type: null,
    model: null,
    token_type: null,
    service_tier: null,
    context_window: null,
    inference_geo: null,
    ...line,
  };
  return { group, amountPicoUsd, listAmountPicoUsd: null, requests: null };
}

/** One day of minutes: ours and theirs as [minute of the day, …]. */
export function stretch(
  ours: [number, Omit<OurFields, 'atMs' | 'time'>][],
  theirs: [number, TheirFields][],
  dayMs = DAY_1,
): MinuteStretch {
  const at = (minute: number) => dayMs + minute * MINUTE_MS;
  return {
    fromMs: dayMs,
    toMs: dayMs + DAY_MS,
    apiKeyIds: ['key_1', 'key_2'],
    fastUsage: null,
    completeToMs: null,
    internal: ours.map(([minute, fields]) => ourRow({ ...fields, atMs: at(minute), time: 'minute' })),
    usage: usageBuckets(
      dayMs,
      MINUTE_MS,
      1440,
      theirs.map(([minute, fields]) => [at(minute), theirRow(fields)]),
    ),
  };
}

/** All that a reconciliation looks at. */
export type World = ReconcileInput & DaySides;

export function input(changes: Partial<World> = {}): World {
  return {
    organization: 'default',
    fromMs: DAY_1,
    toMs: DAY_1 + DAY_MS,
    nowMs: DAY_1 + 3 * DAY_MS,
    internal: [],
    usage: usageBuckets(DAY_1, DAY_MS, 1, []),
    costs: [{ startMs: DAY_1, endMs: DAY_1 + DAY_MS, rows: [] }],
    fastUsage: null,
    usageByWorkspace: [],
    fastByWorkspace: null,
    gaps: [],
    outside: [],
    minutes: [],
    charges: [],
    beside: [],
    price,
    modelName: (name) => name,
    apiKeyIdOf: (row) => row.group.apiKeyId || null,
    reportDelayMs: 600_000,
    tolerancePicoUsd: 0n,
    caveats: [],
    ...changes,
  };
}

/** A world that is consistent by construction: the provider counts and bills these rows of day 1 exactly. */
export function billed(rows: [number, UsageRow][], amounts: CostRow[]): Pick<World, 'usage' | 'costs'> {
  return {
    usage: usageBuckets(DAY_1, DAY_MS, 1, rows),
    costs: [{ startMs: DAY_1, endMs: DAY_1 + DAY_MS, rows: amounts }],
  };
}

export function reconcile(world: World): Reconciliation {
  return reconcileDays(world, comparedIn(world));
}

/** What days of the world cannot decide. */
export function suspectsIn(world: World): Suspects {
  return suspectsOf(comparedIn(world));
}

/** @param portions of the world's days. */
export function comparedIn(world: World, portions: readonly DaySides[] = [world]): ComparedDays {
  const comparison = createDayComparison(world, world.internal);
  for (const portion of portions) comparison.add(portion);
  return comparison.compared();
}
