-- Spend of one organization by what spend_hours distinguishes, in the hours that the range holds whole, less what spend_from_days reads:
-- fresh days, as far as the instant lies in a day that the range holds whole. Dirty hours are left to rows.
SELECT
  if(has({groupBy:Array(String)}, 'team'), team, '') AS group_team,
  if(has({groupBy:Array(String)}, 'feature'), feature, '') AS group_feature,
  if(has({groupBy:Array(String)}, 'environment'), environment, '') AS group_environment,
  if(has({groupBy:Array(String)}, 'responseModel'), response_model, '') AS group_responseModel,
  if(has({groupBy:Array(String)}, 'status'), status, '') AS group_status,
  if(has({groupBy:Array(String)}, 'month'), formatDateTime(toStartOfMonth(instant), '%Y-%m-01T00:00:00.000Z'), '') AS group_month,
  if(has({groupBy:Array(String)}, 'day'), formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z'), '') AS group_day,
  if(has({groupBy:Array(String)}, 'hour'), formatDateTime(instant, '%Y-%m-%dT%H:00:00.000Z'), '') AS group_hour,
  toString(sum(attempts) + uniqExactArray(split_attempts)) AS sum_attempts,
  toString(sum(calls) + uniqExactArray(split_calls)) AS sum_calls,
  toString(sum(failed_attempts) + uniqExactArray(split_failed_attempts)) AS sum_failed_attempts,
  toString(sum(toInt128(uncached_input_tokens))) AS sum_uncached_input_tokens,
  toString(sum(toInt128(cache_read_input_tokens))) AS sum_cache_read_input_tokens,
  toString(sum(toInt128(cache_write_5m_input_tokens))) AS sum_cache_write_5m_input_tokens,
  toString(sum(toInt128(cache_write_1h_input_tokens))) AS sum_cache_write_1h_input_tokens,
  toString(sum(toInt128(cache_write_unsplit_input_tokens))) AS sum_cache_write_unsplit_input_tokens,
  toString(sum(toInt128(output_tokens))) AS sum_output_tokens,
  toString(sum(toInt128(thinking_tokens))) AS sum_thinking_tokens,
  toString(sum(toInt128(web_search_requests))) AS sum_web_search_requests,
  toString(sum(toInt128(web_fetch_requests))) AS sum_web_fetch_requests,
  toString(sum(list_cost_nano_usd)) AS sum_list_cost_nano_usd,
  toString(sum(contracted_cost_nano_usd)) AS sum_contracted_cost_nano_usd,
  toString(sum(web_search_cost_nano_usd)) AS sum_web_search_cost_nano_usd,
  toString(sum(toInt128(rounding_pico_usd))) AS sum_rounding_pico_usd,
  toString(sum(latency_ms)) AS sum_latency_ms,
  toString(sum(timed_attempts)) AS sum_timed_attempts,
  toString(sum(time_to_first_token_ms)) AS sum_time_to_first_token_ms,
  toString(sum(first_token_attempts)) AS sum_first_token_attempts
FROM
(
  SELECT *, if({by:String} = 'budget', hour, ended_hour) AS instant
  FROM spend_hours
  WHERE organization = {organization:String}
    AND if({by:String} = 'budget', hour, ended_hour) >= toDateTime({hourFrom:Int64}, 'UTC')
    AND if({by:String} = 'budget', hour, ended_hour) < toDateTime({hourTo:Int64}, 'UTC')
    AND (
      has({staleDays:Array(String)}, toString(toUInt32(toStartOfDay(hour))))
      OR if({by:String} = 'budget', hour, ended_hour) < toDateTime({dayFrom:Int64}, 'UTC')
      OR if({by:String} = 'budget', hour, ended_hour) >= toDateTime({dayTo:Int64}, 'UTC')
    )
    AND NOT has({dirtyHours:Array(String)}, toString(toUInt32(hour)))
    AND (hour, generation) IN
    (
      SELECT start, argMax(generation, taken_at)
      FROM rollup_pointers
      WHERE organization = {organization:String} AND grain = 'hour'
      GROUP BY start
    )
    AND (NOT JSONHas({filter:String}, 'team') OR has(JSONExtract({filter:String}, 'team', 'Array(String)'), team))
    AND (NOT JSONHas({filter:String}, 'feature') OR has(JSONExtract({filter:String}, 'feature', 'Array(String)'), feature))
    AND (NOT JSONHas({filter:String}, 'environment') OR has(JSONExtract({filter:String}, 'environment', 'Array(String)'), environment))
    AND (NOT JSONHas({filter:String}, 'responseModel') OR has(JSONExtract({filter:String}, 'responseModel', 'Array(String)'), response_model))
    AND (NOT JSONHas({filter:String}, 'status') OR has(JSONExtract({filter:String}, 'status', 'Array(String)'), status))
)
GROUP BY group_team, group_feature, group_environment, group_responseModel, group_status, group_month, group_day, group_hour
ORDER BY group_team, group_feature, group_environment, group_responseModel, group_status, group_month, group_day, group_hour
