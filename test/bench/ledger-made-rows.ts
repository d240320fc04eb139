/**
 * Usage as a company would have it, made by the engine itself: 50 organizations of unequal size, their teams, features, models and
 * users, over 31 days, ids and provider ids as random as real ones. Rows are a function of their number up to the random parts;
 * each chunk is inserted under a token of its own, so that a run that was interrupted goes on where it was.
 */
export const ORGANIZATIONS = 50;
export const MONTH_START_MS = Date.UTC(2026, 9, 1);
export const MONTH_END_MS = Date.UTC(2026, 10, 1);

/** Fifty-eight characters without look-alikes, as the provider's ids have. */
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** 28 characters: what stands in front, and as many random ones as are missing. */
function providerId(prefix: string, seed: number): string {
  const characters = Array.from(
    { length: 28 - prefix.length },
    (_, index) => `substring('${ALPHABET}', rand(${seed * 100 + index}) % 58 + 1, 1)`,
  );
  return `concat('${prefix}', ${characters.join(', ')})`;
}

/** The time, a counter, 62 random bits: as `newAttemptId` writes it. */
export function uuidV7(atMs: string, seed: number): string {
  const time = `lower(hex(bitShiftLeft(toUInt64(${atMs}), 16)))`;
  const random = `lower(hex(bitOr(bitAnd(rand64(${seed}), 0x3fffffffffffffff), 0x8000000000000000)))`;
  return `concat(substring(${time}, 1, 8), '-', substring(${time}, 9, 4), '-7000-', substring(${random}, 1, 4), '-', substring(${random}, 5, 12))`;
}

/** INSERT of rows [first, first + count) of a month of {total} rows, oldest first as they would come. */
export function insertMadeRows(first: number, count: number, total: number): string {
  const spanMs = MONTH_END_MS - MONTH_START_MS;
  return `
INSERT INTO usage_events
  (organization, event_id, line, line_type, attempt_number, provider_organization_id, workspace_id, api_key_hint,
   team, feature, environment, user_pseudonym, workflow, tags, backend, request_model, response_model, request_id, message_id,
   started_at, ended_at, budget_instant, status, http_status, error_code, stop_reason, basis, streamed, latency_ms,
   time_to_first_token_ms, config_version, stable_prefix_hash, stable_prefix_bytes, uncached_input_tokens,
   cache_read_input_tokens, cache_write_5m_input_tokens, output_tokens, thinking_tokens, service_tier, inference_geo,
   prompt_band, billed, list_cost_nano_usd, contracted_cost_nano_usd, rounding_pico_usd, price_id, ver)
SETTINGS async_insert = 0, insert_deduplicate = 1, insert_deduplication_token = 'bench/${total}/${first}',
  deduplicate_blocks_in_dependent_materialized_views = 1, max_insert_block_size = 1048576, min_insert_block_size_rows = 1048576,
  max_block_size = 1048576, max_threads = 1, max_insert_threads = 1
WITH
  toUInt64(${MONTH_START_MS} + intDiv(number * ${spanMs}, ${total}) + rand(1) % 1000) AS at_ms,
  toUInt32(floor(pow(rand(2) / 4294967296, 1.5) * ${ORGANIZATIONS})) AS org,
  toUInt32(floor(pow(rand(3) / 4294967296, 1.5) * 8)) AS team_number,
  team_number * 3 + rand(4) % 3 AS feature_number,
  ['claude-haiku-4-5', 'claude-sonnet-4-5', 'claude-sonnet-5-5', 'claude-opus-4-5'][1 + (feature_number + (rand(5) % 10 = 0)) % 4] AS model,
  (1 + (feature_number + org) % 4) * 1000000 AS price,
  rand(6) % 100 = 0 AS failed,
  if(rand(7) % 3 = 0, 0, 500 * (1 + (feature_number * 7 + org) % 40)) AS cached,
  toUInt64(exp(4.5 + 1.2 * sqrt(-2 * log((rand(8) + 1) / 4294967297)) * cos(2 * pi() * rand(9) / 4294967296))) AS input,
  toUInt64(exp(5.2 + 0.9 * sqrt(-2 * log((rand(10) + 1) / 4294967297)) * cos(2 * pi() * rand(11) / 4294967296))) AS output,
  toUInt64(400 + output * 14 + rand(12) % 800) AS latency,
  if(failed, 0, toInt64(intDiv(input * price + output * price * 5 + intDiv(cached * price, 10), 1000))) AS cost
SELECT
  concat('org-', toString(org)), ${uuidV7('at_ms', 13)}, 0, 'message', 1,
  concat('3f2a7c1e-0000-4000-8000-0000000000', leftPad(toString(org), 2, '0')), concat('wrkspc_', toString(org * 3 + team_number % 3)),
  concat('sk-ant-api03-', toString(org), '…', toString(team_number)),
  concat('team-', toString(team_number)), concat('feature-', toString(feature_number)), if(rand(15) % 10 = 0, 'staging', 'production'),
  substring(base64URLEncode(sipHash128(org, toUInt32(floor(pow(rand(16) / 4294967296, 2) * 2000)))), 1, 22), NULL,
  map('region', ['eu', 'us'][1 + rand(17) % 2]), 'anthropic', model, model, ${providerId('req_011C', 1)},
  if(failed, NULL, ${providerId('msg_01', 2)}),
  fromUnixTimestamp64Milli(at_ms), fromUnixTimestamp64Milli(at_ms + latency), fromUnixTimestamp64Milli(at_ms),
  if(failed, 'error', 'ok'), if(failed, 529, 200), if(failed, 'overloaded_error', NULL), if(failed, NULL, 'end_turn'), 'reported',
  feature_number % 2 = 0, latency, if(failed, NULL, 200 + rand(19) % 700),
  40 + org, substring(base64URLEncode(sipHash128(org, feature_number)), 1, 22), 2000 + feature_number * 311,
  if(failed, 0, input), if(failed, 0, cached), 0, if(failed, 0, output), NULL, 'standard', NULL,
  'standard', NOT failed, cost, cost, toInt64(rand(21) % 1000) - 500, if(failed, NULL, concat(model, '@2026-01-01')), 2
FROM numbers(${first}, ${count})`;
}
