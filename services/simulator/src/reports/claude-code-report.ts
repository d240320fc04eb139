import { type Cell, totalOf } from '../billing/book.ts';
import type { Provider } from '../provider.ts';
import { invalidRequest } from '../provider-error.ts';
import { groupedInOrder } from './buckets.ts';
import { missing } from './query.ts';
import { shownCells } from './shown-cells.ts';
import { sumOf } from './usage-report.ts';

/**
 * GET /v1/organizations/usage_report/claude_code: what the keys of Claude Code did on one UTC day, a row for each. Nobody edits
 * files here, so beside tokens and their estimated cost only sessions are counted: one for each minute in which a key was used.
 */
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const DEFAULT_ROWS = 20;
const MOST_ROWS = 1_000;
const PARAMETERS = ['starting_at', 'limit', 'page'];
const NO_ACTIONS = { accepted: 0, rejected: 0 };
const PICO_USD_PER_CENT = 10_000_000_000;

/** @throws ProviderError 400 with the parameter at fault. */
export function claudeCodeReport(provider: Provider, parameters: URLSearchParams) {
  const { dayMs, limit, offset } = readQuestion(parameters);
  const rows = groupedInOrder(cellsOf(provider, dayMs), ({ dimensions }) => dimensions.apiKeyId ?? '');
  const end = offset + limit;
  const hasMore = end < rows.length;
  return {
    data: rows.slice(offset, end).map(([keyId, cells]) => rowOf(provider, dayMs, keyId, cells)),
    has_more: hasMore,
    next_page: hasMore ? `page_${end}` : null,
  };
}

/** Only what is an hour old is shown, so that cursors stay true. */
function cellsOf(provider: Provider, dayMs: number): Cell[] {
  const { apiKeys, nowMs } = provider.options;
  const keys = new Set(apiKeys.filter((key) => key.isClaudeCode).map(({ id }) => id));
  const untilMs = Math.min(dayMs + DAY_MS, nowMs() - HOUR_MS);
  const cells = shownCells(provider, 'reports', dayMs, untilMs);
  return cells.filter(({ dimensions }) => dimensions.apiKeyId !== null && keys.has(dimensions.apiKeyId));
}

function rowOf(provider: Provider, dayMs: number, keyId: string, cells: Cell[]) {
  const models = groupedInOrder(cells, ({ dimensions }) => dimensions.model ?? '');
  return {
    date: new Date(dayMs).toISOString().replace('.000Z', 'Z'),
    // The name of a key, not its id; here they are the same.
    actor: { type: 'api_actor', api_key_name: keyId },
    organization_id: provider.organizationId,
    ...{ customer_type: 'api', subscription_type: null, terminal_type: 'vscode', is_remote: false },
    core_metrics: {
      num_sessions: new Set(cells.map(({ minuteMs }) => minuteMs)).size,
      lines_of_code: { added: 0, removed: 0 },
      commits_by_claude_code: 0,
      pull_requests_by_claude_code: 0,
    },
    tool_actions: {
      edit_tool: NO_ACTIONS,
      multi_edit_tool: NO_ACTIONS,
      write_tool: NO_ACTIONS,
      notebook_edit_tool: NO_ACTIONS,
    },
    model_breakdown: models.map(([model, members]) => ({ model, ...modelOf(members) })),
  };
}

function modelOf(cells: readonly Cell[]) {
  const { uncached_input_tokens, output_tokens, cache_read_input_tokens, cache_creation } = sumOf(cells);
  const listPicoUsd = cells.reduce((sum, cell) => sum + totalOf(cell.list), 0n);
  return {
    tokens: {
      input: uncached_input_tokens,
      output: output_tokens,
      cache_read: cache_read_input_tokens,
      cache_creation: cache_creation.ephemeral_5m_input_tokens + cache_creation.ephemeral_1h_input_tokens,
    },
    // A number, as at the provider: an estimate in whole cents, on no bill.
    estimated_cost: { currency: 'USD', amount: Math.round(Number(listPicoUsd) / PICO_USD_PER_CENT) },
  };
}

function readQuestion(parameters: URLSearchParams): { dayMs: number; limit: number; offset: number } {
  for (const name of parameters.keys())
    if (!PARAMETERS.includes(name)) throw invalidRequest(`${name}: Extra inputs are not permitted`);
  const day = parameters.get('starting_at') ?? missing('starting_at');
  const dayMs = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(day) : Number.NaN;
  if (Number.isNaN(dayMs)) throw invalidRequest('starting_at: Input should be a UTC day, as 2026-11-20');
  const limit = Number(parameters.get('limit') ?? DEFAULT_ROWS);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ROWS)
    throw invalidRequest(`limit: Input should be between 1 and ${MOST_ROWS}`);
  const page = parameters.get('page') ?? 'page_0';
  if (!/^page_\d{1,9}$/.test(page)) throw invalidRequest('page: Invalid page token');
  return { dayMs, limit, offset: Number(page.slice('page_'.length)) };
}
