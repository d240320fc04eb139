import { type Cell, everyTokenType } from '../billing/book.ts';
import { TOKEN_TYPES } from '../billing/price-table.ts';
import type { Provider } from '../provider.ts';
import { invalidRequest } from '../provider-error.ts';
import { endOfPage, groupedInOrder, pageOf, type ReportPage } from './buckets.ts';
import { type ReportContract, type ReportQuery, readReportQuery } from './query.ts';
import { shownCells } from './shown-cells.ts';

const MINUTE_MS = 60_000;

/** GET /v1/organizations/usage_report/messages. */
const CONTRACT: ReportContract = {
  widths: {
    '1d': { widthMs: 1_440 * MINUTE_MS, defaultLimit: 7, maxLimit: 31 },
    '1h': { widthMs: 60 * MINUTE_MS, defaultLimit: 24, maxLimit: 168 },
    '1m': { widthMs: MINUTE_MS, defaultLimit: 60, maxLimit: 1_440 },
  },
  defaultWidth: '1d',
  groups: [
    'account_id',
    'api_key_id',
    'context_window',
    'inference_geo',
    'model',
    'service_account_id',
    'service_tier',
    'speed',
    'workspace_id',
  ],
  filters: {
    'account_ids[]': null,
    'api_key_ids[]': null,
    // Singular, unlike its siblings: so it is at the provider.
    'context_window[]': ['0-200k', '200k-1M'],
    'inference_geos[]': ['global', 'us', 'not_available'],
    'models[]': null,
    'service_account_ids[]': null,
    'service_tiers[]': ['standard', 'batch', 'priority', 'priority_on_demand', 'flex', 'flex_discount'],
    'speeds[]': ['standard', 'fast'],
    'workspace_ids[]': null,
  },
};

const SPEED_BETA = 'fast-mode-2026-02-01';

/** Which dimension a filter looks at. */
const FILTERED: Readonly<Record<string, string>> = {
  'account_ids[]': 'account_id',
  'api_key_ids[]': 'api_key_id',
  'context_window[]': 'context_window',
  'inference_geos[]': 'inference_geo',
  'models[]': 'model',
  'service_account_ids[]': 'service_account_id',
  'service_tiers[]': 'service_tier',
  'speeds[]': 'speed',
  'workspace_ids[]': 'workspace_id',
};

/** @throws ProviderError 400. `betas` are the values of the `anthropic-beta` header. */
export function usageReport(provider: Provider, parameters: URLSearchParams, betas: readonly string[]) {
  const query = readReportQuery(parameters, CONTRACT, provider.options.nowMs());
  const withSpeed = betas.includes(SPEED_BETA);
  if (!withSpeed) refuseSpeed(query);
  const shown = shownCells(provider, 'reports', query.pageStartMs, endOfPage(query)).filter(isUsage);
  const page: ReportPage<Record<string, unknown>> = pageOf(query, shown, (cells) => {
    const matching = cells.filter((cell) => matches(cell, query, provider.defaultWorkspaceId));
    const groups = groupedInOrder(matching, (cell) => JSON.stringify(groupOf(cell, query, withSpeed)));
    return groups.map(([group, members]) => ({ ...JSON.parse(group), ...sumOf(members) }));
  });
  return page;
}

function refuseSpeed(query: ReportQuery): void {
  if (query.groupBy.has('speed') || query.filters.has('speeds[]')) {
    throw invalidRequest(`speed: Requires the ${SPEED_BETA} beta header`);
  }
}

/** Fees have no tokens: they are in the cost reports only. */
export function isUsage({ dimensions }: Cell): boolean {
  return dimensions.fee === null;
}

export type Group = Record<string, string | null>;

export function dimensionsOf({ dimensions }: Cell): Group {
  return {
    account_id: null,
    api_key_id: dimensions.apiKeyId,
    service_account_id: null,
    workspace_id: dimensions.workspaceId,
    model: dimensions.model,
    service_tier: dimensions.serviceTier,
    context_window: dimensions.contextWindow,
    inference_geo: dimensions.inferenceGeo,
    speed: dimensions.speed,
  };
}

/** Every dimension is in every row; it is null unless it was asked for. */
function groupOf(cell: Cell, query: ReportQuery, withSpeed: boolean): Group {
  const { speed = null, ...others } = dimensionsOf(cell);
  const shown: Group = withSpeed ? { ...others, speed } : others;
  const entries = Object.entries(shown).map(([name, value]) => [
    name,
    query.groupBy.has(name) ? value : null,
  ]);
  return Object.fromEntries(entries);
}

function matches(cell: Cell, query: ReportQuery, defaultWorkspaceId: string): boolean {
  const dimensions = dimensionsOf(cell);
  // Rows say null for the default workspace, but its real id is the only way to ask for it.
  dimensions['workspace_id'] ??= defaultWorkspaceId;
  return [...query.filters].every(([parameter, allowed]) => {
    const value = dimensions[FILTERED[parameter] ?? ''];
    return typeof value === 'string' && allowed.has(value);
  });
}

export function sumOf(cells: readonly Cell[]) {
  const tokens = everyTokenType(0);
  for (const cell of cells) for (const type of TOKEN_TYPES) tokens[type] += cell.tokens[type];
  return {
    uncached_input_tokens: tokens.uncached_input_tokens,
    cache_creation: {
      ephemeral_5m_input_tokens: tokens['cache_creation.ephemeral_5m_input_tokens'],
      ephemeral_1h_input_tokens: tokens['cache_creation.ephemeral_1h_input_tokens'],
    },
    cache_read_input_tokens: tokens.cache_read_input_tokens,
    output_tokens: tokens.output_tokens,
    server_tool_use: { web_search_requests: cells.reduce((sum, cell) => sum + cell.webSearches, 0) },
  };
}
