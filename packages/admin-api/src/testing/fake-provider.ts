import { createAdminApi } from '../admin-api.ts';

/** A provider whose answers a test writes by hand. It keeps what it was asked. */
export interface Asked {
  path: string;
  query: URLSearchParams;
  headers: Headers;
}

export const ADMIN_KEY = 'sk-ant-admin01-not-a-real-key-0123456789';
export const DAY_MS = 86_400_000;
export const FROM_MS = Date.parse('2026-11-01T00:00:00Z');
/** When everything that these tests ask for is over. */
export const NOW_MS = FROM_MS + 30 * DAY_MS;

export function fakeProvider(answer: (asked: Asked, count: number) => unknown, nowMs = NOW_MS) {
  const asked: Asked[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(String(input instanceof Request ? input.url : input));
    const question = { path: url.pathname, query: url.searchParams, headers: new Headers(init?.headers) };
    asked.push(question);
    const body = answer(question, asked.length);
    return body instanceof Response ? body : Response.json(body);
  };
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  return {
    asked,
    clock,
    fetch,
    adminApi: createAdminApi({ apiKey: ADMIN_KEY, baseUrl: 'https://provider.test', clock, fetch }),
  };
}

export function errorAnswer(status: number, type: string, headers: Record<string, string> = {}): Response {
  const body = { type: 'error', error: { type, message: 'wording may change' }, request_id: 'req_1' };
  return Response.json(body, { status, headers });
}

export function bucket(startMs: number, results: unknown[] = [], widthMs = DAY_MS) {
  const iso = (instantMs: number) => new Date(instantMs).toISOString().replace('.000Z', 'Z');
  return { starting_at: iso(startMs), ending_at: iso(startMs + widthMs), results };
}

export function lastPage(data: unknown[]) {
  return { data, has_more: false, next_page: null };
}

/** Every dimension null, as for a question without grouping. */
export function usageRow(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    account_id: null,
    api_key_id: null,
    service_account_id: null,
    workspace_id: null,
    model: null,
    service_tier: null,
    context_window: null,
    inference_geo: null,
    uncached_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    cache_read_input_tokens: 0,
    output_tokens: 0,
    server_tool_use: { web_search_requests: 0 },
    ...changes,
  };
}

export function costRow(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    currency: 'USD',
    amount: '0',
    workspace_id: null,
    description: null,
    cost_type: null,
    model: null,
    token_type: null,
    service_tier: null,
    context_window: null,
    inference_geo: null,
    ...changes,
  };
}
