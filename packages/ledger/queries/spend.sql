-- Spend of one organization in [from, to), grouped by the dimensions that {groupBy} names; the others read ''.
-- Sums are taken over one copy of each (event, line), whatever was stored twice. Reading in the order of the sort key makes
-- the choice among copies the same each time, and lets the engine stream instead of sorting.
SELECT
  if(has({groupBy:Array(String)}, 'team'), team, '') AS group_team,
  if(has({groupBy:Array(String)}, 'feature'), feature, '') AS group_feature,
  if(has({groupBy:Array(String)}, 'environment'), environment, '') AS group_environment,
  if(has({groupBy:Array(String)}, 'requestModel'), request_model, '') AS group_requestModel,
  if(has({groupBy:Array(String)}, 'responseModel'), response_model, '') AS group_responseModel,
  if(has({groupBy:Array(String)}, 'status'), status, '') AS group_status,
  if(has({groupBy:Array(String)}, 'basis'), basis, '') AS group_basis,
  if(has({groupBy:Array(String)}, 'backend'), backend, '') AS group_backend,
  if(has({groupBy:Array(String)}, 'apiKeyId'), ifNull(api_key_id, ''), '') AS group_apiKeyId,
  if(has({groupBy:Array(String)}, 'apiKeyHint'), ifNull(api_key_hint, ''), '') AS group_apiKeyHint,
  if(has({groupBy:Array(String)}, 'workspaceId'), ifNull(workspace_id, ''), '') AS group_workspaceId,
  if(has({groupBy:Array(String)}, 'serviceTier'), ifNull(service_tier, ''), '') AS group_serviceTier,
  if(has({groupBy:Array(String)}, 'lineType'), line_type, '') AS group_lineType,
  if(has({groupBy:Array(String)}, 'day'), formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z'), '') AS group_day,
  if(has({groupBy:Array(String)}, 'hour'), formatDateTime(toStartOfHour(instant), '%Y-%m-%dT%H:00:00.000Z'), '') AS group_hour,
  if(has({groupBy:Array(String)}, 'minute'), formatDateTime(toStartOfMinute(instant), '%Y-%m-%dT%H:%i:00.000Z'), '') AS group_minute,
  toString(uniqExact(if(call_id = '', event_id, call_id))) AS calls,
  toString(uniqExact(event_id)) AS attempts,
  toString(uniqExactIf(event_id, status = 'error')) AS failed_attempts,
  toString(sum(toInt128(uncached_input_tokens))) AS sum_uncached_input_tokens,
  toString(sum(toInt128(cache_read_input_tokens))) AS sum_cache_read_input_tokens,
  toString(sum(toInt128(cache_write_5m_input_tokens))) AS sum_cache_write_5m_input_tokens,
  toString(sum(toInt128(cache_write_1h_input_tokens))) AS sum_cache_write_1h_input_tokens,
  toString(sum(toInt128(cache_write_unsplit_input_tokens))) AS sum_cache_write_unsplit_input_tokens,
  toString(sum(toInt128(output_tokens))) AS sum_output_tokens,
  toString(sum(toInt128(web_search_requests))) AS sum_web_search_requests,
  toString(sum(toInt128(web_fetch_requests))) AS sum_web_fetch_requests,
  toString(sum(toInt128(list_cost_nano_usd))) AS sum_list_cost_nano_usd,
  toString(sum(toInt128(contracted_cost_nano_usd))) AS sum_contracted_cost_nano_usd,
  toString(sum(toInt128(web_search_cost_nano_usd))) AS sum_web_search_cost_nano_usd,
  toString(sum(toInt128(rounding_pico_usd))) AS sum_rounding_pico_usd
FROM
(
  SELECT *, if({by:String} = 'budget', budget_instant, ended_at) AS instant
  FROM usage_events
  WHERE organization = {organization:String}
    AND if({by:String} = 'budget', budget_instant, ended_at) >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND if({by:String} = 'budget', budget_instant, ended_at) < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
  LIMIT 1 BY event_id, line
)
GROUP BY
  group_team,
  group_feature,
  group_environment,
  group_requestModel,
  group_responseModel,
  group_status,
  group_basis,
  group_backend,
  group_apiKeyId,
  group_apiKeyHint,
  group_workspaceId,
  group_serviceTier,
  group_lineType,
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
  group_apiKeyId,
  group_apiKeyHint,
  group_workspaceId,
  group_serviceTier,
  group_lineType,
  group_day,
  group_hour,
  group_minute
