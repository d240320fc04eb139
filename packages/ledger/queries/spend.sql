-- Spend of one organization in [from, to) from its rows, grouped by the dimensions that {groupBy} names; the others read ''.
-- Sums are taken over one copy of each (event, line), whatever was stored twice. Reading in the order of the sort key makes
-- the choice among copies the same each time, and lets the engine stream instead of sorting.
-- {part} 'rest': only what rollups leave, which is rows of dirty hours and of instants outside of the range's whole hours.
SELECT
  if(has({groupBy:Array(String)}, 'team'), team, '') AS group_team,
  if(has({groupBy:Array(String)}, 'feature'), feature, '') AS group_feature,
  if(has({groupBy:Array(String)}, 'environment'), environment, '') AS group_environment,
  if(has({groupBy:Array(String)}, 'requestModel'), request_model, '') AS group_requestModel,
  if(has({groupBy:Array(String)}, 'responseModel'), response_model, '') AS group_responseModel,
  if(has({groupBy:Array(String)}, 'status'), status, '') AS group_status,
  if(has({groupBy:Array(String)}, 'basis'), basis, '') AS group_basis,
  if(has({groupBy:Array(String)}, 'backend'), backend, '') AS group_backend,
  if(has({groupBy:Array(String)}, 'providerOrganizationId'), ifNull(provider_organization_id, ''), '') AS group_providerOrganizationId,
  if(has({groupBy:Array(String)}, 'apiKeyId'), ifNull(api_key_id, ''), '') AS group_apiKeyId,
  if(has({groupBy:Array(String)}, 'apiKeyHint'), ifNull(api_key_hint, ''), '') AS group_apiKeyHint,
  if(has({groupBy:Array(String)}, 'workspaceId'), ifNull(workspace_id, ''), '') AS group_workspaceId,
  if(has({groupBy:Array(String)}, 'serviceTier'), ifNull(service_tier, ''), '') AS group_serviceTier,
  if(has({groupBy:Array(String)}, 'speed'), ifNull(speed, ''), '') AS group_speed,
  if(has({groupBy:Array(String)}, 'inferenceGeo'), ifNull(inference_geo, ''), '') AS group_inferenceGeo,
  if(has({groupBy:Array(String)}, 'promptBand'), prompt_band, '') AS group_promptBand,
  if(has({groupBy:Array(String)}, 'lineType'), line_type, '') AS group_lineType,
  if(has({groupBy:Array(String)}, 'user'), ifNull(user_pseudonym, ''), '') AS group_user,
  if(has({groupBy:Array(String)}, 'workflow'), ifNull(workflow, ''), '') AS group_workflow,
  if(has({groupBy:Array(String)}, 'taskType'), ifNull(task_type, ''), '') AS group_taskType,
  if(has({groupBy:Array(String)}, 'tag'), tags[{tagKey:String}], '') AS group_tag,
  if(has({groupBy:Array(String)}, 'month'), formatDateTime(toStartOfMonth(instant), '%Y-%m-01T00:00:00.000Z'), '') AS group_month,
  if(has({groupBy:Array(String)}, 'day'), formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z'), '') AS group_day,
  if(has({groupBy:Array(String)}, 'hour'), formatDateTime(toStartOfHour(instant), '%Y-%m-%dT%H:00:00.000Z'), '') AS group_hour,
  if(has({groupBy:Array(String)}, 'minute'), formatDateTime(toStartOfMinute(instant), '%Y-%m-%dT%H:%i:00.000Z'), '') AS group_minute,
  toString(uniqExact(event_id)) AS sum_attempts,
  toString(uniqExactIf(event_id, attempt_number = 1)) AS sum_calls,
  toString(uniqExactIf(event_id, status = 'error')) AS sum_failed_attempts,
  toString(sum(toInt128(uncached_input_tokens))) AS sum_uncached_input_tokens,
  toString(sum(toInt128(cache_read_input_tokens))) AS sum_cache_read_input_tokens,
  toString(sum(toInt128(cache_write_5m_input_tokens))) AS sum_cache_write_5m_input_tokens,
  toString(sum(toInt128(cache_write_1h_input_tokens))) AS sum_cache_write_1h_input_tokens,
  toString(sum(toInt128(cache_write_unsplit_input_tokens))) AS sum_cache_write_unsplit_input_tokens,
  toString(sum(toInt128(output_tokens))) AS sum_output_tokens,
  toString(sum(toInt128(ifNull(thinking_tokens, 0)))) AS sum_thinking_tokens,
  toString(sum(toInt128(web_search_requests))) AS sum_web_search_requests,
  toString(sum(toInt128(web_fetch_requests))) AS sum_web_fetch_requests,
  toString(sum(toInt128(list_cost_nano_usd))) AS sum_list_cost_nano_usd,
  toString(sum(toInt128(contracted_cost_nano_usd))) AS sum_contracted_cost_nano_usd,
  toString(sum(toInt128(web_search_cost_nano_usd))) AS sum_web_search_cost_nano_usd,
  toString(sum(toInt128(rounding_pico_usd))) AS sum_rounding_pico_usd,
  toString(sumIf(toUInt64(round(latency_ms)), line = 0)) AS sum_latency_ms,
  toString(countIf(line = 0)) AS sum_timed_attempts,
  toString(sumIf(toUInt64(round(ifNull(time_to_first_token_ms, 0))), line = 0)) AS sum_time_to_first_token_ms,
  toString(countIf(line = 0 AND time_to_first_token_ms IS NOT NULL)) AS sum_first_token_attempts
FROM
(
  SELECT *, if({by:String} = 'budget', budget_instant, ended_at) AS instant
  FROM usage_events
  WHERE organization = {organization:String}
    AND if({by:String} = 'budget', budget_instant, ended_at) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND if({by:String} = 'budget', budget_instant, ended_at) < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND (
      {part:String} != 'rest'
      OR toStartOfHour(budget_instant) IN
      (
        SELECT toDateTime(toUInt32(arrayJoin({dirtyHours:Array(String)})), 'UTC')
      )
      OR if({by:String} = 'budget', budget_instant, ended_at) < toDateTime64({hourFrom:Int64}, 3, 'UTC')
      OR if({by:String} = 'budget', budget_instant, ended_at) >= toDateTime64({hourTo:Int64}, 3, 'UTC')
    )
  ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
  LIMIT 1 BY event_id, line
)
WHERE true
  AND (NOT JSONHas({filter:String}, 'team') OR has(JSONExtract({filter:String}, 'team', 'Array(String)'), team))
  AND (NOT JSONHas({filter:String}, 'feature') OR has(JSONExtract({filter:String}, 'feature', 'Array(String)'), feature))
  AND (NOT JSONHas({filter:String}, 'environment') OR has(JSONExtract({filter:String}, 'environment', 'Array(String)'), environment))
  AND (NOT JSONHas({filter:String}, 'requestModel') OR has(JSONExtract({filter:String}, 'requestModel', 'Array(String)'), request_model))
  AND (NOT JSONHas({filter:String}, 'responseModel') OR has(JSONExtract({filter:String}, 'responseModel', 'Array(String)'), response_model))
  AND (NOT JSONHas({filter:String}, 'status') OR has(JSONExtract({filter:String}, 'status', 'Array(String)'), status))
  AND (NOT JSONHas({filter:String}, 'basis') OR has(JSONExtract({filter:String}, 'basis', 'Array(String)'), basis))
  AND (NOT JSONHas({filter:String}, 'backend') OR has(JSONExtract({filter:String}, 'backend', 'Array(String)'), backend))
  AND (NOT JSONHas({filter:String}, 'providerOrganizationId') OR has(JSONExtract({filter:String}, 'providerOrganizationId', 'Array(String)'), ifNull(provider_organization_id, '')))
  AND (NOT JSONHas({filter:String}, 'apiKeyId') OR has(JSONExtract({filter:String}, 'apiKeyId', 'Array(String)'), ifNull(api_key_id, '')))
  AND (NOT JSONHas({filter:String}, 'apiKeyHint') OR has(JSONExtract({filter:String}, 'apiKeyHint', 'Array(String)'), ifNull(api_key_hint, '')))
  AND (NOT JSONHas({filter:String}, 'workspaceId') OR has(JSONExtract({filter:String}, 'workspaceId', 'Array(String)'), ifNull(workspace_id, '')))
  AND (NOT JSONHas({filter:String}, 'serviceTier') OR has(JSONExtract({filter:String}, 'serviceTier', 'Array(String)'), ifNull(service_tier, '')))
  AND (NOT JSONHas({filter:String}, 'speed') OR has(JSONExtract({filter:String}, 'speed', 'Array(String)'), ifNull(speed, '')))
  AND (NOT JSONHas({filter:String}, 'inferenceGeo') OR has(JSONExtract({filter:String}, 'inferenceGeo', 'Array(String)'), ifNull(inference_geo, '')))
  AND (NOT JSONHas({filter:String}, 'promptBand') OR has(JSONExtract({filter:String}, 'promptBand', 'Array(String)'), prompt_band))
  AND (NOT JSONHas({filter:String}, 'lineType') OR has(JSONExtract({filter:String}, 'lineType', 'Array(String)'), line_type))
  AND (NOT JSONHas({filter:String}, 'user') OR has(JSONExtract({filter:String}, 'user', 'Array(String)'), ifNull(user_pseudonym, '')))
  AND (NOT JSONHas({filter:String}, 'workflow') OR has(JSONExtract({filter:String}, 'workflow', 'Array(String)'), ifNull(workflow, '')))
  AND (NOT JSONHas({filter:String}, 'taskType') OR has(JSONExtract({filter:String}, 'taskType', 'Array(String)'), ifNull(task_type, '')))
  AND (NOT JSONHas({filter:String}, 'tag') OR has(JSONExtract({filter:String}, 'tag', 'Array(String)'), tags[{tagKey:String}]))
GROUP BY
  group_team,
  group_feature,
  group_environment,
  group_requestModel,
  group_responseModel,
  group_status,
  group_basis,
  group_backend,
  group_providerOrganizationId,
  group_apiKeyId,
  group_apiKeyHint,
  group_workspaceId,
  group_serviceTier,
  group_speed,
  group_inferenceGeo,
  group_promptBand,
  group_lineType,
  group_user,
  group_workflow,
  group_taskType,
  group_tag,
  group_month,
  group_day,
  group_hour,
  group_minute
ORDER BY
  group_team,
  group_feature,
  group_environment,
  group_requestModel,
  group_responseModel,
  group_status,
  group_basis,
  group_backend,
  group_providerOrganizationId,
  group_apiKeyId,
  group_apiKeyHint,
  group_workspaceId,
  group_serviceTier,
  group_speed,
  group_inferenceGeo,
  group_promptBand,
  group_lineType,
  group_user,
  group_workflow,
  group_taskType,
  group_tag,
  group_month,
  group_day,
  group_hour,
  group_minute
