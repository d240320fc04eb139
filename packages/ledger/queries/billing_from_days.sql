-- Spend of one organization by what billing_days distinguishes, in the days that the range holds whole: of each the generation that
-- rollup_state called fresh just before. Stale days are left to billing_from_hours.
SELECT
  if(has({groupBy:Array(String)}, 'providerOrganizationId'), provider_organization_id, '') AS group_providerOrganizationId,
  if(has({groupBy:Array(String)}, 'workspaceId'), workspace_id, '') AS group_workspaceId,
  if(has({groupBy:Array(String)}, 'apiKeyId'), api_key_id, '') AS group_apiKeyId,
  if(has({groupBy:Array(String)}, 'apiKeyHint'), api_key_hint, '') AS group_apiKeyHint,
  if(has({groupBy:Array(String)}, 'responseModel'), response_model, '') AS group_responseModel,
  if(has({groupBy:Array(String)}, 'backend'), backend, '') AS group_backend,
  if(has({groupBy:Array(String)}, 'serviceTier'), service_tier, '') AS group_serviceTier,
  if(has({groupBy:Array(String)}, 'speed'), speed, '') AS group_speed,
  if(has({groupBy:Array(String)}, 'inferenceGeo'), inference_geo, '') AS group_inferenceGeo,
  if(has({groupBy:Array(String)}, 'promptBand'), prompt_band, '') AS group_promptBand,
  if(has({groupBy:Array(String)}, 'basis'), basis, '') AS group_basis,
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
  SELECT *, if({by:String} = 'budget', day, ended_day) AS instant
  FROM billing_days
  WHERE organization = {organization:String}
    AND if({by:String} = 'budget', day, ended_day) >= toDateTime({dayFrom:Int64}, 'UTC')
    AND if({by:String} = 'budget', day, ended_day) < toDateTime({dayTo:Int64}, 'UTC')
    AND has({dayGenerations:Array(String)}, concat(toString(toUInt32(day)), ' ', toString(generation)))
    AND (NOT JSONHas({filter:String}, 'providerOrganizationId') OR has(JSONExtract({filter:String}, 'providerOrganizationId', 'Array(String)'), provider_organization_id))
    AND (NOT JSONHas({filter:String}, 'workspaceId') OR has(JSONExtract({filter:String}, 'workspaceId', 'Array(String)'), workspace_id))
    AND (NOT JSONHas({filter:String}, 'apiKeyId') OR has(JSONExtract({filter:String}, 'apiKeyId', 'Array(String)'), api_key_id))
    AND (NOT JSONHas({filter:String}, 'apiKeyHint') OR has(JSONExtract({filter:String}, 'apiKeyHint', 'Array(String)'), api_key_hint))
    AND (NOT JSONHas({filter:String}, 'responseModel') OR has(JSONExtract({filter:String}, 'responseModel', 'Array(String)'), response_model))
    AND (NOT JSONHas({filter:String}, 'backend') OR has(JSONExtract({filter:String}, 'backend', 'Array(String)'), backend))
    AND (NOT JSONHas({filter:String}, 'serviceTier') OR has(JSONExtract({filter:String}, 'serviceTier', 'Array(String)'), service_tier))
    AND (NOT JSONHas({filter:String}, 'speed') OR has(JSONExtract({filter:String}, 'speed', 'Array(String)'), speed))
    AND (NOT JSONHas({filter:String}, 'inferenceGeo') OR has(JSONExtract({filter:String}, 'inferenceGeo', 'Array(String)'), inference_geo))
    AND (NOT JSONHas({filter:String}, 'promptBand') OR has(JSONExtract({filter:String}, 'promptBand', 'Array(String)'), prompt_band))
    AND (NOT JSONHas({filter:String}, 'basis') OR has(JSONExtract({filter:String}, 'basis', 'Array(String)'), basis))
)
GROUP BY group_providerOrganizationId, group_workspaceId, group_apiKeyId, group_apiKeyHint, group_responseModel, group_backend, group_serviceTier, group_speed, group_inferenceGeo, group_promptBand, group_basis, group_month, group_day, group_hour
ORDER BY group_providerOrganizationId, group_workspaceId, group_apiKeyId, group_apiKeyHint, group_responseModel, group_backend, group_serviceTier, group_speed, group_inferenceGeo, group_promptBand, group_basis, group_month, group_day, group_hour
SETTINGS compile_expressions = 0, compile_aggregate_expressions = 0
