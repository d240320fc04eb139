import { builtinPriceBook, charge } from '@tallygate/pricing';
import { NO_USAGE } from '@tallygate/usage';
import { MONTH_START_MS, uuidV7 } from './ledger-made-rows.ts';

/**
 * A month of one large organization, as a function of the number of a call, so that the engine makes our rows of it and a stand-in
 * for the provider its reports, without asking each other. Calls go round keys and models, and end at even distances.
 */
export const ROWS = 10_000_000;
export const KEYS = 1_000;
export const DAYS = 31;
export const DAY_MS = 86_400_000;
export const FROM_MS = MONTH_START_MS;
export const TO_MS = FROM_MS + DAYS * DAY_MS;
export const ORGANIZATION = 'large';
/** Some time into the next month. */
export const NOW_MS = TO_MS + 10 * DAY_MS;

/** Of which no price changes within the month. */
const MODELS = [
  'claude-fable-5-1',
  'claude-haiku-4-5',
  'claude-opus-4-5',
  'claude-opus-4-6',
  'claude-opus-4-7',
  'claude-opus-4-8',
  'claude-opus-5',
  'claude-opus-5-5',
  'claude-sonnet-4-6',
  'claude-sonnet-5',
] as const;
const PLACES = KEYS * MODELS.length;
const LATENCY_MS = 500;
/** 267.84 ms from call to call. */
const [SPAN_HUNDREDTHS, HUNDREDTHS] = [26_784, 100];

/** Calls that were left before they ended: ours is a guess, of less than the provider counts. */
const ABORTED = [1_234_567, 3_456_789, 5_000_001, 7_654_321, 9_100_000];
const UNSEEN_OUTPUT_TOKENS = 50;
/** A key that nobody meters has a call on each model each day. */
const DARK = { key: KEYS, uncachedInputTokens: 1_000, cacheReadInputTokens: 0, outputTokens: 100 };

export interface Counted {
  uncachedInputTokens: number;
  cacheReadInputTokens: number;
  outputTokens: number;
}

/** What the provider counts of one key and model in one stretch of time. */
export interface ReportedPlace extends Counted {
  apiKeyId: string;
  workspaceId: string;
  model: string;
  requests: number;
  nanoUsd: number;
}

interface Rate {
  uncached: number;
  cacheRead: number;
  output: number;
}

/** Nano-USD per token. */
const RATES: readonly Rate[] = MODELS.map((model) => ({
  uncached: rateOf(model, 'uncachedInputTokens'),
  cacheRead: rateOf(model, 'cacheReadInputTokens'),
  output: rateOf(model, 'outputTokens'),
}));

function rateOf(model: string, tokenClass: keyof Counted): number {
  const terms = { model, atMs: FROM_MS, serviceTier: 'standard', speed: 'standard', inferenceGeo: 'global' };
  const usage = { ...NO_USAGE, [tokenClass]: 1 };
  const of = { backend: 'anthropic', billed: true, unpricedModels: 'dearest', usage } as const;
  return Number(charge(builtinPriceBook, { ...terms, ...of }).listCostPicoUsd / 1_000n);
}

export function keyOf(number: number): { id: string; hint: string; workspaceId: string } {
  const name = String(number).padStart(4, '0');
  return {
    id: `apikey_${name}`,
    hint: `sk-ant-api03-k${name}...${name}`,
    workspaceId: `wrkspc_${number % 10}`,
  };
}

function tokensOf(call: number): Counted {
  return {
    uncachedInputTokens: 100 + ((call * 7_919) % 900),
    cacheReadInputTokens: call % 3 === 0 ? 0 : 500,
    outputTokens: 20 + ((call * 104_729) % 400),
  };
}

function nanoUsdOf(model: number, counted: Counted): number {
  const { uncached, cacheRead, output } = RATES[model] as Rate;
  const prompt = counted.uncachedInputTokens * uncached + counted.cacheReadInputTokens * cacheRead;
  return prompt + counted.outputTokens * output;
}

/** The provider's side of [fromMs, toMs). The key without a meter is in whole days only: nobody asks for its minutes. */
export function reportedPlaces(
  fromMs: number,
  toMs: number,
  isWanted: (apiKeyId: string) => boolean = () => true,
): ReportedPlace[] {
  const places = new Map<number, ReportedPlace>();
  for (let call = firstCallFrom(fromMs); call < firstCallFrom(toMs); call += 1) {
    const place = placeAt(places, call % PLACES);
    const tokens = tokensOf(call);
    if (ABORTED.includes(call)) tokens.outputTokens += UNSEEN_OUTPUT_TOKENS;
    addTo(place, tokens, modelOf(call));
  }
  const seen = [...places.values()].filter(({ apiKeyId }) => isWanted(apiKeyId));
  return toMs - fromMs < DAY_MS ? seen : [...seen, ...MODELS.map((_, model) => darkPlace(model))];
}

function placeAt(places: Map<number, ReportedPlace>, index: number): ReportedPlace {
  const known = places.get(index);
  if (known !== undefined) return known;
  const place = nothingAt(index % KEYS, modelOf(index));
  places.set(index, place);
  return place;
}

function nothingAt(key: number, model: number): ReportedPlace {
  const { id: apiKeyId, workspaceId } = keyOf(key);
  const none = { uncachedInputTokens: 0, cacheReadInputTokens: 0, outputTokens: 0, requests: 0, nanoUsd: 0 };
  return { apiKeyId, workspaceId, model: MODELS[model] ?? '', ...none };
}

function darkPlace(model: number): ReportedPlace {
  const place = nothingAt(DARK.key, model);
  addTo(place, DARK, model);
  return place;
}

function addTo(place: ReportedPlace, tokens: Counted, model: number): void {
  place.requests += 1;
  place.nanoUsd += nanoUsdOf(model, tokens);
  place.uncachedInputTokens += tokens.uncachedInputTokens;
  place.cacheReadInputTokens += tokens.cacheReadInputTokens;
  place.outputTokens += tokens.outputTokens;
}

function modelOf(call: number): number {
  return Math.floor((call % PLACES) / KEYS);
}

/** What the bill has more than our rows, in nano-USD, by the cause that says so. */
export function partings(): Record<'aborted_estimate' | 'unmetered_key', number> {
  const unseen = { uncachedInputTokens: 0, cacheReadInputTokens: 0, outputTokens: UNSEEN_OUTPUT_TOKENS };
  return {
    aborted_estimate: ABORTED.reduce((sum, call) => sum + nanoUsdOf(modelOf(call), unseen), 0),
    unmetered_key: MODELS.reduce((sum, _, model) => sum + DAYS * nanoUsdOf(model, DARK), 0),
  };
}

/** The number of the first call that ended at this instant or later. */
function firstCallFrom(atMs: number): number {
  return Math.ceil(((atMs - FROM_MS) * HUNDREDTHS) / SPAN_HUNDREDTHS);
}

/** INSERT of our rows of the calls [first, first + count). */
export function insertCalls(first: number, count: number): string {
  const list = (values: readonly (string | number)[]) =>
    `[${values.map((value) => (typeof value === 'string' ? `'${value}'` : value)).join(', ')}]`;
  const rate = (of: keyof Rate) => `${list(RATES.map((rates) => rates[of]))}[model_number + 1]`;
  return `
INSERT INTO usage_events
  (organization, event_id, line, line_type, attempt_number, provider_organization_id, workspace_id, api_key_hint, team, feature,
   environment, backend, request_model, response_model, started_at, ended_at, budget_instant, status, http_status, stop_reason, basis,
   latency_ms, uncached_input_tokens, cache_read_input_tokens, output_tokens, service_tier, inference_geo, speed, prompt_band,
   billed, list_cost_nano_usd, contracted_cost_nano_usd, price_id, ver)
SETTINGS async_insert = 0, insert_deduplicate = 1, insert_deduplication_token = 'bench/reconcile/${first}',
  deduplicate_blocks_in_dependent_materialized_views = 1, max_insert_block_size = 1048576, min_insert_block_size_rows = 1048576,
  max_block_size = 1048576, max_threads = 1, max_insert_threads = 1
WITH
  number % ${PLACES} AS place,
  place % ${KEYS} AS key_number,
  intDiv(place, ${KEYS}) AS model_number,
  leftPad(toString(key_number), 4, '0') AS key_name,
  ${list(MODELS)}[model_number + 1] AS model,
  toUInt64(${FROM_MS} + intDiv(number * ${SPAN_HUNDREDTHS}, ${HUNDREDTHS})) AS ended_ms,
  number IN (${ABORTED.join(', ')}) AS is_aborted,
  100 + number * 7919 % 900 AS uncached,
  if(number % 3 = 0, 0, 500) AS cached,
  20 + number * 104729 % 400 AS output,
  toInt64(uncached * ${rate('uncached')} + cached * ${rate('cacheRead')} + output * ${rate('output')}) AS cost
SELECT
  '${ORGANIZATION}', ${uuidV7(`(ended_ms - ${LATENCY_MS})`, 13)}, 0, 'message', 1, '3f2a7c1e-0000-4000-8000-000000000000',
  concat('wrkspc_', toString(key_number % 10)), concat('sk-ant-api03-k', key_name, '...', key_name),
  concat('team-', toString(key_number % 20)), concat('feature-', toString(key_number)),
  'production', 'anthropic', model, model, fromUnixTimestamp64Milli(ended_ms - ${LATENCY_MS}),
  fromUnixTimestamp64Milli(ended_ms), fromUnixTimestamp64Milli(ended_ms - ${LATENCY_MS}),
  if(is_aborted, 'aborted', 'ok'), 200, if(is_aborted, NULL, 'end_turn'), if(is_aborted, 'estimated', 'reported'),
  ${LATENCY_MS}, uncached, cached, output, 'standard', 'global', 'standard', 'standard', true, cost, cost,
  concat(model, '@list'), 2
FROM numbers(${first}, ${count})`;
}
