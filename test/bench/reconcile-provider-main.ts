import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DAY_MS, KEYS, keyOf, NOW_MS, type ReportedPlace, reportedPlaces } from './reconcile-month.ts';

/**
 * The provider of the month on loopback, in a process of its own so that its work is not measured: analytics by day in pages as the
 * provider sends them, usage by minute, the list of keys. Sends its port to the parent, and ends with it.
 */
const MINUTE_MS = 60_000;
const DAYS_KEPT = 4;
const days = new Map<number, ReportedPlace[]>();

/** Nothing of the month is at fast speed, which is asked for by itself. */
const isOfFastSpeed = (asked: URLSearchParams) => asked.getAll('speeds[]').includes('fast');

function placesOfDay(dayMs: number): ReportedPlace[] {
  const known = days.get(dayMs);
  if (known !== undefined) return known;
  const places = reportedPlaces(dayMs, dayMs + DAY_MS);
  for (const oldest of [...days.keys()].slice(0, -DAYS_KEPT)) days.delete(oldest);
  days.set(dayMs, places);
  return places;
}

const iso = (atMs: number) => new Date(atMs).toISOString();
const bucket = (startMs: number, widthMs: number) => ({
  starting_at: iso(startMs),
  ending_at: iso(startMs + widthMs),
});
const range = (asked: URLSearchParams) => ({
  fromMs: Date.parse(asked.get('starting_at') ?? ''),
  toMs: Date.parse(asked.get('ending_at') ?? ''),
});

function groupOf({ apiKeyId, workspaceId, model }: ReportedPlace, asked: readonly string[]) {
  const terms = { service_tier: 'standard', inference_geo: 'global', context_window: '0-200k' };
  const all = { api_key_id: apiKeyId, workspace_id: workspaceId, model, ...terms, cost_type: 'tokens' };
  return Object.fromEntries(asked.map((name) => [name, all[name as keyof typeof all] ?? null]));
}

function countsOf(place: ReportedPlace) {
  return {
    uncached_input_tokens: place.uncachedInputTokens,
    cache_read_input_tokens: place.cacheReadInputTokens,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: place.outputTokens,
    server_tool_use: { web_search_requests: 0 },
  };
}

function costOf({ nanoUsd, requests }: ReportedPlace) {
  const digits = String(nanoUsd).padStart(8, '0');
  const amount = `${digits.slice(0, -7)}.${digits.slice(-7)}`;
  return { amount, list_amount: amount, currency: 'USD', requests };
}

function totalOf(places: readonly ReportedPlace[]): ReportedPlace[] {
  const total = { ...(places[0] as ReportedPlace) };
  for (const place of places.slice(1)) {
    total.requests += place.requests;
    total.nanoUsd += place.nanoUsd;
    total.uncachedInputTokens += place.uncachedInputTokens;
    total.cacheReadInputTokens += place.cacheReadInputTokens;
    total.outputTokens += place.outputTokens;
  }
  return [total];
}

function analytics(kind: 'usage' | 'cost', asked: URLSearchParams): object {
  const groups = asked.getAll('group_by[]');
  const { fromMs, toMs } = range(asked);
  const [first, limit] = [Number(asked.get('page') ?? 0), Number(asked.get('limit'))];
  const rows: { startMs: number; place: ReportedPlace }[] = [];
  for (let startMs = fromMs; startMs < toMs && !isOfFastSpeed(asked); startMs += DAY_MS) {
    const places = placesOfDay(startMs);
    for (const place of groups.length === 0 ? totalOf(places) : places) rows.push({ startMs, place });
  }
  const data = rows.slice(first, first + limit).map(({ startMs, place }) => ({
    ...bucket(startMs, DAY_MS),
    group: groupOf(place, groups),
    ...(kind === 'cost'
      ? { cost: costOf(place) }
      : { usage: { ...countsOf(place), requests: place.requests } }),
  }));
  const hasMore = first + limit < rows.length;
  const paging = { has_more: hasMore, next_page: hasMore ? `${first + limit}` : null };
  return { data, ...paging, data_refreshed_at: iso(NOW_MS - DAY_MS) };
}

function minutes(asked: URLSearchParams): object {
  const { fromMs, toMs } = range(asked);
  const [wanted, groups] = [new Set(asked.getAll('api_key_ids[]')), asked.getAll('group_by[]')];
  const startMs = Math.max(fromMs, Number(asked.get('page') ?? 0));
  const endMs = Math.min(toMs, startMs + Number(asked.get('limit')) * MINUTE_MS);
  const data = Array.from({ length: (endMs - startMs) / MINUTE_MS }, (_, index) => {
    const atMs = startMs + index * MINUTE_MS;
    const isWanted = (apiKeyId: string) => wanted.has(apiKeyId) && !isOfFastSpeed(asked);
    const places = reportedPlaces(atMs, atMs + MINUTE_MS, isWanted);
    const results = places.map((place) => ({ ...groupOf(place, groups), ...countsOf(place) }));
    return { ...bucket(atMs, MINUTE_MS), results };
  });
  return { data, has_more: endMs < toMs, next_page: endMs < toMs ? `${endMs}` : null };
}

function keys(): object {
  const data = Array.from({ length: KEYS }, (_, number) => {
    const { id, hint, workspaceId } = keyOf(number);
    return { id, partial_key_hint: hint, scope: { workspace_id: workspaceId } };
  });
  return { data, has_more: false };
}

const ROUTES: Record<string, (asked: URLSearchParams) => object> = {
  '/v1/organizations/analytics/usage': (asked) => analytics('usage', asked),
  '/v1/organizations/analytics/cost': (asked) => analytics('cost', asked),
  '/v1/organizations/usage_report/messages': minutes,
  '/v1/organizations/api_keys': keys,
};

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  const body = ROUTES[pathname]?.(searchParams);
  const identity = { 'anthropic-organization-id': '3f2a7c1e-0000-4000-8000-000000000000' };
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json', ...identity });
  response.end(
    JSON.stringify(body ?? { type: 'error', error: { type: 'not_found_error', message: pathname } }),
  );
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
