-- Latencies of the attempts of one organization in [from, to), grouped by the dimensions that {groupBy} names; the others read ''.
-- Percentiles are exact: no rollup could give them. One copy of each attempt counts, whatever was stored twice. Reading in the order of the sort key makes
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
  toString(count()) AS timed_attempts,
  quantilesExactInclusive(0.5, 0.9, 0.95, 0.99)(latency_ms) AS latency_ms,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(
    assumeNotNull(time_to_first_token_ms),
    time_to_first_token_ms IS NOT NULL
  ) AS first_token_ms
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
WHERE line = 0
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
