-- Adds up days of spend_days from the generations of the hours that count, all of them given, as a generation of their own.
INSERT INTO spend_days
SETTINGS async_insert = 0, insert_deduplicate = 0, max_insert_block_size = 1048576
SELECT
  organization,
  toStartOfDay(hour) AS day,
  toStartOfDay(ended_hour) AS ended_day,
  team,
  feature,
  environment,
  response_model,
  status,
  {generation:UInt64} AS day_generation,
  fromUnixTimestamp64Micro({takenAtMicros:Int64}, 'UTC') AS day_taken_at,
  sum(attempts) AS sum_attempts,
  sum(calls) AS sum_calls,
  sum(failed_attempts) AS sum_failed_attempts,
  groupUniqArrayArray(split_attempts) AS all_split_attempts,
  groupUniqArrayArray(split_calls) AS all_split_calls,
  groupUniqArrayArray(split_failed_attempts) AS all_split_failed_attempts,
  sum(uncached_input_tokens) AS sum_uncached_input_tokens,
  sum(cache_read_input_tokens) AS sum_cache_read_input_tokens,
  sum(cache_write_5m_input_tokens) AS sum_cache_write_5m_input_tokens,
  sum(cache_write_1h_input_tokens) AS sum_cache_write_1h_input_tokens,
  sum(cache_write_unsplit_input_tokens) AS sum_cache_write_unsplit_input_tokens,
  sum(output_tokens) AS sum_output_tokens,
  sum(thinking_tokens) AS sum_thinking_tokens,
  sum(web_search_requests) AS sum_web_search_requests,
  sum(web_fetch_requests) AS sum_web_fetch_requests,
  sum(list_cost_nano_usd) AS sum_list_cost_nano_usd,
  sum(contracted_cost_nano_usd) AS sum_contracted_cost_nano_usd,
  sum(web_search_cost_nano_usd) AS sum_web_search_cost_nano_usd,
  sum(rounding_pico_usd) AS sum_rounding_pico_usd,
  sum(latency_ms) AS sum_latency_ms,
  sum(timed_attempts) AS sum_timed_attempts,
  sum(time_to_first_token_ms) AS sum_time_to_first_token_ms,
  sum(first_token_attempts) AS sum_first_token_attempts
FROM spend_hours
WHERE organization IN {organizations:Array(String)}
  AND (organization, hour, generation) IN
  (
    SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC'), toUInt64(chosen.3)
    FROM
    (
      SELECT arrayJoin(arrayZip(
        {organizations:Array(String)},
        {hours:Array(String)},
        {generations:Array(String)}
      )) AS chosen
    )
  )
GROUP BY organization, day, ended_day, team, feature, environment, response_model, status
