-- Adds up the chosen hours of billing_hours from one copy of each (event, line), as a generation that no pointer names yet. The chosen
-- hours lie in [from, to), which spares the engine other months. An event with a line beyond line 0 is kept by id.
-- Lines from 1000 on are corrections of others: they add money, and no event is kept by id for them.
INSERT INTO billing_hours
SETTINGS async_insert = 0, insert_deduplicate = 0, max_insert_block_size = 1048576
WITH several_lines AS
(
  SELECT event_id
  FROM usage_events
  WHERE organization IN {organizations:Array(String)}
    AND (organization, toStartOfHour(budget_instant)) IN
    (
      SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC')
      FROM (SELECT arrayJoin(arrayZip({organizations:Array(String)}, {hours:Array(String)})) AS chosen)
    )
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND line > 0 AND line < 1000
)
SELECT
  organization,
  toStartOfHour(budget_instant) AS hour,
  toStartOfHour(ended_at) AS ended_hour,
  ifNull(provider_organization_id, '') AS of_provider_organization_id,
  ifNull(workspace_id, '') AS of_workspace_id,
  ifNull(api_key_id, '') AS of_api_key_id,
  ifNull(api_key_hint, '') AS of_api_key_hint,
  response_model,
  backend,
  ifNull(service_tier, '') AS of_service_tier,
  ifNull(speed, '') AS of_speed,
  ifNull(inference_geo, '') AS of_inference_geo,
  prompt_band,
  basis,
  {generation:UInt64} AS generation,
  fromUnixTimestamp64Micro({takenAtMicros:Int64}, 'UTC') AS taken_at,
  countIf(is_whole) AS attempts,
  countIf(is_whole AND attempt_number = 1) AS calls,
  countIf(is_whole AND status = 'error') AS failed_attempts,
  groupUniqArrayIf(event_id, is_split) AS split_attempts,
  groupUniqArrayIf(event_id, is_split AND attempt_number = 1) AS split_calls,
  groupUniqArrayIf(event_id, is_split AND status = 'error') AS split_failed_attempts,
  sum(uncached_input_tokens) AS sum_uncached_input_tokens,
  sum(cache_read_input_tokens) AS sum_cache_read_input_tokens,
  sum(cache_write_5m_input_tokens) AS sum_cache_write_5m_input_tokens,
  sum(cache_write_1h_input_tokens) AS sum_cache_write_1h_input_tokens,
  sum(cache_write_unsplit_input_tokens) AS sum_cache_write_unsplit_input_tokens,
  sum(output_tokens) AS sum_output_tokens,
  sum(ifNull(thinking_tokens, 0)) AS sum_thinking_tokens,
  sum(web_search_requests) AS sum_web_search_requests,
  sum(web_fetch_requests) AS sum_web_fetch_requests,
  sum(toInt128(list_cost_nano_usd)) AS sum_list_cost_nano_usd,
  sum(toInt128(contracted_cost_nano_usd)) AS sum_contracted_cost_nano_usd,
  sum(toInt128(web_search_cost_nano_usd)) AS sum_web_search_cost_nano_usd,
  sum(rounding_pico_usd) AS sum_rounding_pico_usd,
  sumIf(toUInt64(round(latency_ms)), line = 0) AS sum_latency_ms,
  countIf(line = 0) AS timed_attempts,
  sumIf(toUInt64(round(ifNull(time_to_first_token_ms, 0))), line = 0) AS sum_time_to_first_token_ms,
  countIf(line = 0 AND time_to_first_token_ms IS NOT NULL) AS first_token_attempts
FROM
(
  SELECT *, line = 0 AND event_id NOT IN (several_lines) AS is_whole, line < 1000 AND NOT is_whole AS is_split
  FROM usage_events
  WHERE organization IN {organizations:Array(String)}
    AND (organization, toStartOfHour(budget_instant)) IN
    (
      SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC')
      FROM (SELECT arrayJoin(arrayZip({organizations:Array(String)}, {hours:Array(String)})) AS chosen)
    )
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
  LIMIT 1 BY event_id, line
)
GROUP BY organization, hour, ended_hour, of_provider_organization_id, of_workspace_id, of_api_key_id, of_api_key_hint, response_model, backend, of_service_tier, of_speed, of_inference_geo, prompt_band, basis
