import type { Cell } from '../billing/book.ts';
import { centsFrom } from '../billing/decimal.ts';
import { TOKEN_TYPES, type TokenType } from '../billing/price-table.ts';
import { displayNameOf } from '../models.ts';
import type { Provider } from '../provider.ts';
import { endOfPage, groupedInOrder, pageOf, type ReportPage } from './buckets.ts';
import { type ReportContract, type ReportQuery, readReportQuery } from './query.ts';
import { shownCells } from './shown-cells.ts';

/** GET /v1/organizations/cost_report: days only, two groups, no filters, amounts in cents. */
const CONTRACT: ReportContract = {
  widths: { '1d': { widthMs: 86_400_000, defaultLimit: 7, maxLimit: 31 } },
  defaultWidth: '1d',
  groups: ['workspace_id', 'description'],
  filters: {},
};

/** A line of the bill, as a row names it. Without a grouping every field is null. */
interface LineItem {
  workspace_id: string | null;
  description: string | null;
  /** "tokens", "web_search", or the kind of a fee. */
  cost_type: string | null;
  model: string | null;
  token_type: TokenType | null;
  service_tier: 'standard' | 'batch' | null;
  context_window: string | null;
  inference_geo: string | null;
}

interface Amount {
  item: LineItem;
  picoUsd: bigint;
}

export interface CostRow extends LineItem {
  currency: 'USD';
  /** Cents, exact. */
  amount: string;
}

/** @throws ProviderError 400. */
export function costReport(provider: Provider, parameters: URLSearchParams): ReportPage<CostRow> {
  const query = readReportQuery(parameters, CONTRACT, provider.options.nowMs());
  const shown = shownCells(provider, 'reports', query.pageStartMs, endOfPage(query));
  return pageOf(query, shown, (cells) => {
    const amounts = cells.flatMap(amountsOf).filter(({ picoUsd }) => picoUsd > 0n);
    const shown = amounts.map(({ item, picoUsd }) => ({ item: shownItem(item, query), picoUsd }));
    return groupedInOrder(shown, ({ item }) => JSON.stringify(item)).flatMap(([, members]) => rowOf(members));
  });
}

function rowOf(members: readonly Amount[]): CostRow[] {
  const [first] = members;
  if (first === undefined) return [];
  const picoUsd = members.reduce((sum, member) => sum + member.picoUsd, 0n);
  return [{ currency: 'USD', amount: centsFrom(picoUsd), ...first.item }];
}

function shownItem(item: LineItem, { groupBy }: ReportQuery): LineItem {
  const described = groupBy.has('description') ? item : NOTHING_SAID;
  return { ...described, workspace_id: groupBy.has('workspace_id') ? item.workspace_id : null };
}

const NOTHING_SAID: LineItem = {
  workspace_id: null,
  description: null,
  cost_type: null,
  model: null,
  token_type: null,
  service_tier: null,
  context_window: null,
  inference_geo: null,
};

function amountsOf(cell: Cell): Amount[] {
  const tokens = TOKEN_TYPES.map((type) => ({
    item: tokenItem(cell, type),
    picoUsd: cell.charge.byTokenType[type],
  }));
  const { workspaceId: workspace_id, fee } = cell.dimensions;
  const besides = { ...NOTHING_SAID, workspace_id };
  if (fee !== null) {
    const item = { ...besides, description: fee.description, cost_type: fee.costType };
    return [{ item, picoUsd: cell.charge.feePicoUsd }];
  }
  const search = { ...besides, description: 'Web Search Usage', cost_type: 'web_search' };
  return [...tokens, { item: search, picoUsd: cell.charge.webSearchPicoUsd }];
}

const TOKEN_LABELS: Readonly<Record<TokenType, string>> = {
  uncached_input_tokens: 'Input Tokens',
  'cache_creation.ephemeral_5m_input_tokens': 'Input Tokens, Cache Write',
  'cache_creation.ephemeral_1h_input_tokens': 'Input Tokens, Cache Write (1h)',
  cache_read_input_tokens: 'Input Tokens, Cache Hit',
  output_tokens: 'Output Tokens',
};

function tokenItem({ dimensions }: Cell, type: TokenType): LineItem {
  const speed = dimensions.speed === 'fast' ? ' (Fast Mode)' : '';
  const batch = dimensions.serviceTier === 'batch' ? ' (Batch)' : '';
  return {
    workspace_id: dimensions.workspaceId,
    description: `${displayNameOf(dimensions.model ?? '')}${speed}${batch} Usage - ${TOKEN_LABELS[type]}`,
    cost_type: 'tokens',
    model: dimensions.model,
    token_type: type,
    // No line of priority capacity: it is never billed here.
    service_tier: dimensions.serviceTier === 'batch' ? 'batch' : 'standard',
    context_window: dimensions.contextWindow,
    inference_geo: dimensions.inferenceGeo,
  };
}
