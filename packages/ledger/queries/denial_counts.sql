-- How many attempts budgets of one organization denied in [from, to), or would have denied where they only observe, by dimensions.
-- An attempt that several budgets deny is one; a call that is asked again after a denial is asked as another attempt.
SELECT
  if(has({groupBy:Array(String)}, 'team'), team, '') AS group_team,
  if(has({groupBy:Array(String)}, 'feature'), feature, '') AS group_feature,
  if(has({groupBy:Array(String)}, 'environment'), environment, '') AS group_environment,
  if(has({groupBy:Array(String)}, 'requestModel'), request_model, '') AS group_requestModel,
  if(has({groupBy:Array(String)}, 'user'), ifNull(user_pseudonym, ''), '') AS group_user,
  if(has({groupBy:Array(String)}, 'month'), formatDateTime(toStartOfMonth(denied_at), '%Y-%m-01T00:00:00.000Z'), '') AS group_month,
  if(has({groupBy:Array(String)}, 'day'), formatDateTime(toStartOfDay(denied_at), '%Y-%m-%dT00:00:00.000Z'), '') AS group_day,
  if(has({groupBy:Array(String)}, 'hour'), formatDateTime(toStartOfHour(denied_at), '%Y-%m-%dT%H:00:00.000Z'), '') AS group_hour,
  if(has({groupBy:Array(String)}, 'minute'), formatDateTime(toStartOfMinute(denied_at), '%Y-%m-%dT%H:%i:00.000Z'), '') AS group_minute,
  toString(uniqExactIf(attempt_id, enforced)) AS denied_attempts,
  toString(uniqExactIf(attempt_id, NOT enforced)) AS would_be_denied_attempts
FROM denials
WHERE organization = {organization:String}
  AND denied_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND denied_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND (NOT JSONHas({filter:String}, 'team') OR has(JSONExtract({filter:String}, 'team', 'Array(String)'), team))
  AND (NOT JSONHas({filter:String}, 'feature') OR has(JSONExtract({filter:String}, 'feature', 'Array(String)'), feature))
  AND (NOT JSONHas({filter:String}, 'environment') OR has(JSONExtract({filter:String}, 'environment', 'Array(String)'), environment))
  AND (NOT JSONHas({filter:String}, 'requestModel') OR has(JSONExtract({filter:String}, 'requestModel', 'Array(String)'), request_model))
  AND (NOT JSONHas({filter:String}, 'user') OR has(JSONExtract({filter:String}, 'user', 'Array(String)'), ifNull(user_pseudonym, '')))
GROUP BY
  group_team,
  group_feature,
  group_environment,
  group_requestModel,
  group_user,
  group_month,
  group_day,
  group_hour,
  group_minute
ORDER BY
  group_team,
  group_feature,
  group_environment,
  group_requestModel,
  group_user,
  group_month,
  group_day,
  group_hour,
  group_minute
