import { DAY_MS } from './fake-provider.ts';

const USAGE = {
  uncached_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  cache_read_input_tokens: 0,
  output_tokens: 0,
  requests: 1,
  server_tool_use: { web_search_requests: 0 },
};

/** A row of family D of one day: of cost where figures of it are given, else of usage. */
export function analyticsRow(
  startMs: number,
  group: Record<string, unknown>,
  figures: { usage?: Record<string, unknown>; cost?: Record<string, unknown> } = {},
) {
  const place = {
    starting_at: new Date(startMs).toISOString(),
    ending_at: new Date(startMs + DAY_MS).toISOString(),
  };
  if (figures.cost !== undefined) return { ...place, group, cost: figures.cost };
  return { ...place, group, usage: { ...USAGE, ...figures.usage } };
}

interface Stated {
  next?: string;
  refreshed?: string | null;
}

export function analyticsPage(data: unknown[], { next, refreshed = '2026-11-19T20:00:00Z' }: Stated = {}) {
  return { data, data_refreshed_at: refreshed, has_more: next !== undefined, next_page: next ?? null };
}
