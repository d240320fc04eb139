import type { CostRow, UsageBucket, UsageRow } from '@tallygate/admin-api';
import type { SettlementGap, SpendRow } from '@tallygate/usage';
import { createDayComparison, type DifferingDay } from '../compare-days.ts';
import { groupRows } from '../group-rows.ts';
import { sumPico } from '../joined-rows.ts';
import { DAY_MS, dayOf, MINUTE_MS } from '../places.ts';
import { reconcile } from '../reconcile.ts';
import {
  CHARGE_GROUPS,
  type DaySides,
  INTERNAL_GROUPS,
  MINUTE_GROUPS,
  type MinuteStretch,
  PLACE_GROUPS,
  type PriceTokens,
  USAGE_GROUPS,
  WORKSPACE_GROUPS,
} from '../reconcile-input.ts';
import type { Reconciliation } from '../reconciliation.ts';
import { type Suspects, suspectsOf } from '../suspects.ts';
import { addTokens, type TokenCounts } from '../token-counts.ts';
import { costRow, price as listOf, ourRow, theirRow } from './made-input.ts';

/** One request, with all that decides its price. */
export interface Call {
  /** When it ended, where both sides count it. */
  atMs: number;
  /** When it began, where that is another day: we take its price from there, and the provider does one or the other. */
  startedMs?: number;
  model: string;
  apiKeyId: string | null;
  workspaceId: string;
  serviceTier: string;
  inferenceGeo: string;
  speed: string;
  tokens: TokenCounts;
}

/** As we recorded it. */
export interface OwnCall extends Call {
  basis: 'reported' | 'estimated';
  status: string;
  /** "": nothing was charged. */
  priceId: string;
  exactPicoUsd: bigint;
  backend: string;
}

interface Use extends Call {
  isBilled: boolean;
}

interface Fee {
  atMs: number;
  costType: string;
  model: string | null;
  listPicoUsd: bigint;
}

export interface WorldTerms {
  fromMs: number;
  toMs: number;
  nowMs: number;
  /** From here on the price list asks for more. */
  dearerFromMs: number;
  /** Does the bill take the price of when a call ended? */
  isBilledByEnd: boolean;
  /** Does the bill name keys, and list amounts beside net ones, as the analytics do? */
  isByKey: boolean;
  /** What the contract takes off each line, where the bill states both amounts. */
  discountPercent: bigint;
}

/** A range of days as it truly was: each side's own record of the same calls, and the provider's bill of what it counted. */
export interface TrueWorld extends WorldTerms {
  price: PriceTokens;
  /** On the bill. */
  priceOf(call: Call): bigint;
  /** In our rows. */
  chargeOf(call: Call): bigint;
  record(call: OwnCall): void;
  count(call: Call, isBilled?: boolean): void;
  charge(fee: Fee): void;
  /** Of a settlement that has no row. */
  lose(atMs: number): void;
  reconciled(): Reconciliation;
  /** What is of all rows and of all lines of the bill, and of no place: exact − charged, net − list. */
  roundingPicoUsd(): bigint;
  discountPicoUsd(): bigint;
}

/** Fast is dearer, batches are cheaper, and so is everything before a midnight. A search costs the same everywhere. */
function priceFrom(dearerFromMs: number): PriceTokens {
  return ({ model, atMs, tokens, serviceTier, inferenceGeo, speed }) => {
    const plain = { model, atMs, serviceTier: null, inferenceGeo: null, speed: null };
    const listPicoUsd = listOf({ ...plain, tokens: { ...tokens, webSearchRequests: 0 } });
    if (listPicoUsd === null) return null;
    const terms =
      (inferenceGeo === 'us' ? 11n : 10n) *
      (speed === 'fast' ? 6n : 1n) *
      (serviceTier === 'batch' ? 1n : 2n);
    return listPicoUsd * terms * (atMs < dearerFromMs ? 1n : 3n) + feeOf(tokens);
  };
}

function asBegun(call: Call): Call {
  return { ...call, atMs: call.startedMs ?? call.atMs };
}

function feeOf({ webSearchRequests }: TokenCounts): bigint {
  return BigInt(webSearchRequests) * 10_000_000_000n;
}

export function createTrueWorld(terms: WorldTerms): TrueWorld {
  const [own, used, fees, gaps]: [OwnCall[], Use[], Fee[], SettlementGap[]] = [[], [], [], []];
  const price = priceFrom(terms.dearerFromMs);
  return {
    ...terms,
    price,
    priceOf: (call) => price(terms.isBilledByEnd ? call : asBegun(call)) ?? 0n,
    chargeOf: (call) => price(asBegun(call)) ?? 0n,
    record: (call) => own.push(call),
    count: (call, isBilled = true) => used.push({ ...call, isBilled }),
    charge: (fee) => fees.push(fee),
    lose(atMs) {
      const seq = 10 * gaps.length + 1;
      gaps.push({ epoch: '1', fromSeq: seq, toSeq: seq, beforeMs: atMs, afterMs: atMs + MINUTE_MS - 1 });
    },
    reconciled: () => reconciledOf({ ...terms, price, own, used, fees, gaps }),
    roundingPicoUsd: () =>
      sumPico(
        within(own, terms)
          .filter(({ backend }) => backend === 'anthropic')
          .map((call) => call.exactPicoUsd % 1000n),
      ),
    discountPicoUsd: () =>
      sumPico(
        billOf(within(used, terms), within(fees, terms), { ...terms, price })
          .flatMap(({ rows }) => rows)
          .map((row) => row.amountPicoUsd - (row.listAmountPicoUsd ?? row.amountPicoUsd)),
      ),
  };
}

interface Everything extends WorldTerms {
  price: PriceTokens;
  own: OwnCall[];
  used: Use[];
  fees: Fee[];
  gaps: SettlementGap[];
}

/** Days first, then what they cannot decide, as a reconciliation of a real ledger reads it. */
function reconciledOf(all: Everything): Reconciliation {
  const { fromMs, toMs, own } = all;
  const range = { fromMs, toMs };
  const outside = [fromMs - 2 * MINUTE_MS, toMs].flatMap((edgeMs) =>
    sumsOf(within(own, { fromMs: edgeMs, toMs: edgeMs + 2 * MINUTE_MS }), 'day', INTERNAL_GROUPS),
  );
  const terms = { ...all, outside, modelName: (name: string) => name, apiKeyIdOf };
  const comparison = createDayComparison(terms, sumsOf(within(own, range), 'day', PLACE_GROUPS));
  comparison.add(daySides(all, range));
  const compared = comparison.compared();
  const suspects = suspectsOf(compared);
  const charged = ({ model, atMs }: OwnCall) =>
    suspects.charges.some((day) => day.dayMs === dayOf(atMs) && day.responseModels.includes(model));
  return reconcile(
    {
      ...terms,
      organization: 'default',
      minutes: stretchesOf(all, suspects.minutes),
      charges: sumsOf(within(own, range).filter(charged), 'day', CHARGE_GROUPS),
      beside: besideOf(all, suspects.openBatchDays, terms),
      reportDelayMs: 10 * MINUTE_MS,
      tolerancePicoUsd: 0n,
      caveats: [],
    },
    compared,
  );
}

function apiKeyIdOf({ group }: SpendRow): string | null {
  return group.apiKeyId || null;
}

interface Range {
  fromMs: number;
  toMs: number;
}

function within<Item extends { atMs: number }>(items: readonly Item[], { fromMs, toMs }: Range): Item[] {
  return items.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
}

function daySides(all: Everything, range: Range): DaySides {
  const used = within(all.used, range);
  const fast = used.filter(isFast);
  return {
    internal: sumsOf(within(all.own, range), 'day', INTERNAL_GROUPS),
    usage: bucketsOf(used, DAY_MS, USAGE_GROUPS, all.isByKey),
    fastUsage: bucketsOf(fast, DAY_MS, USAGE_GROUPS, all.isByKey),
    usageByWorkspace: bucketsOf(used, DAY_MS, WORKSPACE_GROUPS, all.isByKey),
    fastByWorkspace: bucketsOf(fast, DAY_MS, WORKSPACE_GROUPS, all.isByKey),
    costs: billOf(used, within(all.fees, range), all),
  };
}

function isFast({ speed }: Call): boolean {
  return speed === 'fast';
}

/** As the ledger sums. */
function sumsOf(calls: readonly OwnCall[], time: 'day' | 'minute', groups: readonly string[]): SpendRow[] {
  const widthMs = time === 'day' ? DAY_MS : MINUTE_MS;
  const sums = new Map<string, SpendRow>();
  for (const call of calls) {
    const { group, ...row } = ourRow({
      ...call,
      ...{ time, atMs: Math.floor(call.atMs / widthMs) * widthMs, apiKeyId: call.apiKeyId ?? '' },
    });
    const kept = Object.fromEntries([time, ...groups].map((name) => [name, group[name as 'day'] ?? '']));
    const key = JSON.stringify(kept);
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? { group: kept, ...row } : added(sum, row));
  }
  return [...sums.values()];
}

function added(sum: SpendRow, row: Omit<SpendRow, 'group'>): SpendRow {
  return {
    ...sum,
    calls: sum.calls + row.calls,
    attempts: sum.attempts + row.attempts,
    failedAttempts: sum.failedAttempts + row.failedAttempts,
    usage: { ...sum.usage, ...addTokens(sum.usage, row.usage) },
    listCostNanoUsd: sum.listCostNanoUsd + row.listCostNanoUsd,
    webSearchCostNanoUsd: sum.webSearchCostNanoUsd + row.webSearchCostNanoUsd,
    roundingPicoUsd: sum.roundingPicoUsd + row.roundingPicoUsd,
  };
}

/** As the provider's usage report sums. */
function bucketsOf(
  calls: readonly Use[],
  widthMs: number,
  groups: readonly string[],
  countsRequests: boolean,
): UsageBucket[] {
  const isByWorkspace = groups.includes('workspace_id');
  const buckets = groupRows(calls, ({ atMs }) => Math.floor(atMs / widthMs) * widthMs);
  return [...buckets].map(([startMs, own]) => {
    const rows = own.map(({ workspaceId, ...call }) =>
      theirRow({ ...call, requests: 1, ...(isByWorkspace ? { workspaceId } : {}) }),
    );
    const cells = groupRows(rows, ({ group }) => JSON.stringify(group)).values();
    return {
      startMs,
      endMs: startMs + widthMs,
      rows: [...cells].map((cell) => sumOfCell(cell, countsRequests)),
    };
  });
}

function sumOfCell([first, ...more]: [UsageRow, ...UsageRow[]], countsRequests: boolean): UsageRow {
  const usage = more.reduce((sum, row) => addTokens(sum, row.usage), first.usage);
  return { ...first, usage, requests: countsRequests ? more.length + 1 : null };
}

/** By the terms of the usage report, or the older way: without keys, and of one amount. */
function billOf(
  used: readonly Use[],
  fees: readonly Fee[],
  {
    isByKey,
    isBilledByEnd,
    discountPercent,
    price,
  }: Pick<Everything, 'isByKey' | 'isBilledByEnd' | 'discountPercent' | 'price'>,
) {
  const lines = used.filter(isOnBill).flatMap((call) => {
    const { atMs, model, apiKeyId } = call;
    const tokens = { ...call.tokens, webSearchRequests: 0 };
    const listPicoUsd = price({ ...(isBilledByEnd ? call : asBegun(call)), tokens }) ?? 0n;
    const terms = { service_tier: call.serviceTier, inference_geo: call.inferenceGeo };
    const key = isByKey ? { api_key_id: apiKeyId, context_window: '0-200k' } : {};
    const line = { atMs, listPicoUsd, group: { cost_type: 'tokens', model, ...terms, ...key } };
    const search = { atMs, listPicoUsd: feeOf(call.tokens), group: { cost_type: 'web_search' } };
    return search.listPicoUsd === 0n ? [line] : [line, search];
  });
  const all = [
    ...lines,
    ...fees.map(({ costType, model, ...fee }) => ({ ...fee, group: { cost_type: costType, model } })),
  ];
  return [...groupRows(all, ({ atMs }) => dayOf(atMs))].map(([startMs, own]) => ({
    startMs,
    endMs: startMs + DAY_MS,
    rows: [...groupRows(own, ({ group }) => JSON.stringify(group)).values()].map((cell): CostRow => {
      const listPicoUsd = cell.reduce((sum, line) => sum + line.listPicoUsd, 0n);
      const netPicoUsd = isByKey ? listPicoUsd - (listPicoUsd * discountPercent) / 100n : listPicoUsd;
      const row = costRow(netPicoUsd, cell[0].group);
      return { ...row, listAmountPicoUsd: isByKey ? listPicoUsd : null };
    }),
  }));
}

function isOnBill({ isBilled, serviceTier }: Use): boolean {
  return isBilled && !serviceTier.startsWith('priority');
}

/** Adjacent days together, and two minutes around. */
function stretchesOf(all: Everything, wanted: Suspects['minutes']): MinuteStretch[] {
  const runs: { fromMs: number; toMs: number; apiKeyIds: Set<string> }[] = [];
  for (const { dayMs, apiKeyId } of wanted) {
    const last = runs.at(-1);
    if (last === undefined || last.toMs < dayMs)
      runs.push({ fromMs: dayMs, toMs: dayMs + DAY_MS, apiKeyIds: new Set([apiKeyId]) });
    else {
      last.toMs = dayMs + DAY_MS;
      last.apiKeyIds.add(apiKeyId);
    }
  }
  return runs.map((run) => {
    const range = { fromMs: run.fromMs - 2 * MINUTE_MS, toMs: run.toMs + 2 * MINUTE_MS };
    const isAsked = ({ apiKeyId }: Call) => apiKeyId !== null && run.apiKeyIds.has(apiKeyId);
    const used = within(all.used, range).filter(isAsked);
    return {
      ...range,
      apiKeyIds: [...run.apiKeyIds],
      internal: sumsOf(within(all.own, range).filter(isAsked), 'minute', MINUTE_GROUPS),
      usage: bucketsOf(used, MINUTE_MS, WORKSPACE_GROUPS, all.isByKey),
      fastUsage: bucketsOf(used.filter(isFast), MINUTE_MS, WORKSPACE_GROUPS, all.isByKey),
      completeToMs: null,
    };
  });
}

/** Batches of the days beside the range. */
function besideOf(
  all: Everything,
  openDays: ReadonlySet<number>,
  terms: Parameters<typeof createDayComparison>[0],
): DifferingDay[] {
  const before = openDays.has(all.fromMs) ? [all.fromMs - DAY_MS] : [];
  const after = openDays.has(all.toMs - DAY_MS) ? [all.toMs] : [];
  return [...before, ...after].flatMap((fromMs) => {
    const day = { fromMs, toMs: fromMs + DAY_MS };
    const places = sumsOf([...within(all.own, all), ...within(all.own, day)], 'day', PLACE_GROUPS);
    const comparison = createDayComparison(terms, places);
    comparison.add(daySides(all, day));
    return comparison.compared().differing;
  });
}
