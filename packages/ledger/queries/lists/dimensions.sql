-- What usage can be asked by: its value in a row of usage_events, its name in questions, and what else distinguishes it: the rollups,
-- by a column named alike, and denials.
team AS team, -- spend, denials
feature AS feature, -- spend, denials
environment AS environment, -- spend, denials
request_model AS requestModel, -- denials
ifNull(provider_organization_id, '') AS providerOrganizationId, -- billing
ifNull(workspace_id, '') AS workspaceId, -- billing
ifNull(api_key_id, '') AS apiKeyId, -- billing
ifNull(api_key_hint, '') AS apiKeyHint, -- billing
response_model AS responseModel, -- spend, billing
status AS status, -- spend
backend AS backend, -- billing
ifNull(service_tier, '') AS serviceTier, -- billing
ifNull(speed, '') AS speed, -- billing
ifNull(inference_geo, '') AS inferenceGeo, -- billing
prompt_band AS promptBand, -- billing
ifNull(price_id, '') AS priceId,
basis AS basis, -- billing
line_type AS lineType,
formatDateTime(toStartOfDay(started_at), '%Y-%m-%dT00:00:00.000Z') AS startedDay,
ifNull(user_pseudonym, '') AS user, -- denials
ifNull(workflow, '') AS workflow,
ifNull(task_type, '') AS taskType,
tags[{tagKey:String}] AS tag,
