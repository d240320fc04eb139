import { type Cell, type Dimensions, totalOf } from '../billing/book.ts';
import type { Charge } from '../billing/charge.ts';
import { centsFrom } from '../billing/decimal.ts';
import { TOKEN_TYPES } from '../billing/price-table.ts';
import type { Provider } from '../provider.ts';
import {
  type AnalyticsContract,
  type AnalyticsQuery,
  readAnalyticsQuery,
  rowToken,
} from './analytics-query.ts';
import { groupedInOrder } from './buckets.ts';
import { createRowsOnce } from './rows-once.ts';
import { refreshedAtMs, shownCells } from './shown-cells.ts';
import { dimensionsOf, type Group, isUsage, sumOf } from './usage-report.ts';

/** GET /v1/organizations/analytics/usage and /analytics/cost: rows for what has usage, ranked or by time, no empty buckets. */
export const ANALYTICS_BETA = 'analytics-usage-cost-2026-08-24';

/** What the simulator can tell apart; the others of the provider's dimensions are null in every row. */
const KNOWN = [
  'api_key_id',
  'context_window',
  'inference_geo',
  'model',
  'organization_id',
  'product',
  'service_tier',
  'speed',
  'workspace_id',
];
const UNKNOWN = [
  'actor',
  'actor_type',
  'agent_id',
  'claude_tag_category',
  'claude_tag_user_id',
  'deployment_id',
  'environment_id',
  'rbac_group_id',
  'session_id',
  'slack_channel_id',
  'user_profile_id',
];

/** Which dimension a filter looks at. */
const FILTERED: Readonly<Record<string, string>> = {
  'api_key_ids[]': 'api_key_id',
  'context_windows[]': 'context_window',
  'inference_geos[]': 'inference_geo',
  'models[]': 'model',
  'products[]': 'product',
  'service_tiers[]': 'service_tier',
  'speeds[]': 'speed',
  'workspace_ids[]': 'workspace_id',
};

const USAGE: AnalyticsContract = {
  groups: [...KNOWN, ...UNKNOWN],
  beside: [],
  filters: Object.fromEntries(Object.keys(FILTERED).map((name) => [name, null])),
  measures: ['total_tokens', 'output_tokens', 'uncached_input_tokens', 'requests'],
};

const COST_GROUPS = ['cost_type', 'token_type'];
const COST: AnalyticsContract = {
  ...USAGE,
  groups: [...USAGE.groups, ...COST_GROUPS],
  beside: COST_GROUPS,
  measures: ['amount', 'list_amount'],
};

/** @throws ProviderError 400. */
export function analyticsUsage(provider: Provider, parameters: URLSearchParams) {
  const query = readAnalyticsQuery(parameters, USAGE, provider.options.nowMs());
  return pageOfRows(
    provider,
    query,
    usageRowsOnce(provider, query, () => usageRows(provider, query)),
  );
}

type UsageRow = ReturnType<typeof usageRows>[number];
const usageRowsOnce = createRowsOnce<UsageRow>();

function usageRows(provider: Provider, query: AnalyticsQuery) {
  const rows = placesOf(provider, query, isUsage).map(({ place, group, cells }) => {
    const { server_tool_use, ...tokens } = sumOf(cells);
    const total = TOKEN_TYPES.reduce(
      (sum, type) => sum + cells.reduce((n, cell) => n + cell.tokens[type], 0),
      0,
    );
    const requests = requestsOf(cells);
    return { ...place, group, usage: { ...tokens, total_tokens: total, requests, server_tool_use } };
  });
  const measure = query.orderBy as keyof (typeof rows)[number]['usage'];
  return inOrder(query, rows, ({ usage }) => BigInt(usage[measure] as number));
}

/** @throws ProviderError 400. */
export function analyticsCost(provider: Provider, parameters: URLSearchParams) {
  const query = readAnalyticsQuery(parameters, COST, provider.options.nowMs());
  const rows = costRowsOnce(provider, query, () => costRows(provider, query));
  const isFannedOut = COST_GROUPS.some((name) => query.groupBy.has(name));
  const page = pageOfRows(provider, query, rows);
  return {
    ...page,
    data: page.data.map(({ place, group, picoUsd, listPicoUsd, cells }) => {
      const [amount, list_amount] = [centsFrom(picoUsd), centsFrom(listPicoUsd)];
      const requests = isFannedOut ? null : requestsOf(cells);
      return { ...place, group, cost: { amount, list_amount, currency: 'USD', requests } };
    }),
  };
}

type CostRow = ReturnType<typeof costRows>[number];
const costRowsOnce = createRowsOnce<CostRow>();

function costRows(provider: Provider, query: AnalyticsQuery) {
  const rows = placesOf(provider, query, () => true).flatMap(({ place, group, cells }) =>
    linesOf(cells, query).map(({ line, ...amounts }) => ({
      place,
      group: { ...group, ...line },
      ...amounts,
      cells,
    })),
  );
  const billed = rows.filter(({ listPicoUsd }) => listPicoUsd > 0n);
  return inOrder(query, billed, (row) => (query.orderBy === 'list_amount' ? row.listPicoUsd : row.picoUsd));
}

interface Place {
  place: { starting_at: string; ending_at: string };
  group: Group;
  cells: Cell[];
}

/** Every bucket and group that has usage, oldest first. */
function placesOf(provider: Provider, query: AnalyticsQuery, isInReport: (cell: Cell) => boolean): Place[] {
  const widthMs = query.widthMs ?? query.endMs - query.startMs;
  const shown = shownCells(provider, 'analytics', query.startMs, query.endMs).filter(isInReport);
  const cells = shown.filter((cell) => matches(provider, cell, query));
  const startOf = (cell: Cell) =>
    query.startMs + Math.floor((cell.minuteMs - query.startMs) / widthMs) * widthMs;
  const keyOf = (cell: Cell) =>
    `${String(startOf(cell)).padStart(16, '0')} ${JSON.stringify(groupOf(provider, cell, query))}`;
  return groupedInOrder(cells, keyOf).map(([key, members]) => {
    const startMs = Number(key.slice(0, 16));
    const place = { starting_at: isoOf(startMs), ending_at: isoOf(startMs + widthMs) };
    return { place, group: JSON.parse(key.slice(17)), cells: members };
  });
}

function inOrder<Row>(query: AnalyticsQuery, rows: readonly Row[], measureOf: (row: Row) => bigint) {
  const direction = query.isAscending ? 1 : -1;
  const byMeasure = (left: Row, right: Row) =>
    direction * (measureOf(left) < measureOf(right) ? -1 : Number(measureOf(left) > measureOf(right)));
  const byTime = query.isAscending ? rows : rows.toReversed();
  return query.orderBy === 'time' ? byTime : rows.toSorted(byMeasure);
}

function pageOfRows<Row>(provider: Provider, query: AnalyticsQuery, ordered: readonly Row[]) {
  const end = query.offset + query.limit;
  const hasMore = end < ordered.length;
  return {
    data: ordered.slice(query.offset, end),
    data_refreshed_at: isoOf(refreshedAtMs(provider)),
    has_more: hasMore,
    next_page: hasMore ? rowToken(end, query.fingerprint) : null,
    organization_id: provider.organizationId,
  };
}

/** Dimensions as this family names them: the default workspace by its real id, absent geography as null. */
function valuesOf(provider: Provider, cell: Cell): Group {
  const { workspace_id, inference_geo, ...others } = dimensionsOf(cell);
  return {
    ...others,
    workspace_id: workspace_id ?? provider.defaultWorkspaceId,
    inference_geo: inference_geo === 'not_available' ? null : (inference_geo ?? null),
    organization_id: provider.organizationId,
    product: productOf(provider, cell.dimensions),
  };
}

function productOf({ options }: Provider, { serviceTier, fee, apiKeyId }: Dimensions): string | null {
  if (options.apiKeys.some(({ id, isClaudeCode }) => isClaudeCode && id === apiKeyId)) return 'claude_code';
  if (fee !== null) return fee.costType === 'session_usage' ? 'managed_agents_api' : null;
  return serviceTier === 'batch' ? 'message_batches_api' : 'messages_api';
}

function groupOf(provider: Provider, cell: Cell, { groupBy }: AnalyticsQuery): Group {
  const values = valuesOf(provider, cell);
  const known = KNOWN.map((name) => [name, groupBy.has(name) ? (values[name] ?? null) : null]);
  return { ...Object.fromEntries(known), ...Object.fromEntries(UNKNOWN.map((name) => [name, null])) };
}

function matches(provider: Provider, cell: Cell, query: AnalyticsQuery): boolean {
  const values = valuesOf(provider, cell);
  return [...query.filters].every(([parameter, allowed]) => {
    const value = values[FILTERED[parameter] ?? ''] ?? 'not_available';
    return allowed.has(value);
  });
}

/** What a cost is broken out by: kinds of cost, kinds of tokens, both, or neither. Kinds of tokens alone hide the searches. */
function linesOf(cells: readonly Cell[], { groupBy }: AnalyticsQuery): CostLine[] {
  const byType = TOKEN_TYPES.map((type) =>
    costLine({ cost_type: 'tokens', token_type: type }, cells, ({ byTokenType }) => byTokenType[type]),
  );
  const searches = costLine(
    { cost_type: 'web_search', token_type: null },
    cells,
    ({ webSearchPicoUsd }) => webSearchPicoUsd,
  );
  const besides = [searches, ...feeLines(cells)];
  if (groupBy.has('token_type')) return groupBy.has('cost_type') ? [...byType, ...besides] : byType;
  if (groupBy.has('cost_type')) {
    const tokens = (charge: Charge) => totalOf(charge) - charge.webSearchPicoUsd - charge.feePicoUsd;
    return [costLine({ cost_type: 'tokens', token_type: null }, cells, tokens), ...besides];
  }
  return [costLine({ cost_type: null, token_type: null }, cells, totalOf)];
}

/** One line for each kind of fee. */
function feeLines(cells: readonly Cell[]): CostLine[] {
  const fees = cells.filter(({ dimensions }) => dimensions.fee !== null);
  return groupedInOrder(fees, ({ dimensions }) => dimensions.fee?.costType ?? '').map(([costType, members]) =>
    costLine({ cost_type: costType, token_type: null }, members, ({ feePicoUsd }) => feePicoUsd),
  );
}

interface CostLine {
  line: Group;
  picoUsd: bigint;
  listPicoUsd: bigint;
}

function costLine(line: Group, cells: readonly Cell[], amountOf: (charge: Charge) => bigint): CostLine {
  return {
    line,
    picoUsd: sum(cells.map((cell) => amountOf(cell.charge))),
    listPicoUsd: sum(cells.map((cell) => amountOf(cell.list))),
  };
}

function requestsOf(cells: readonly Cell[]): number {
  return cells.reduce((count, cell) => count + cell.attempts, 0);
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

function isoOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
