-- What was recorded first of one threshold in one period, and what became of it.
SELECT
  budget_key AS key,
  threshold_percent,
  toString(spent_amount) AS spent,
  toString(limit_amount) AS limit_then,
  toString(toUnixTimestamp64Milli(crossed_at)) AS crossed_at_ms,
  outcome,
  detail,
  toString(toUnixTimestamp64Milli(ended_at)) AS ended_at_ms
FROM alerts_sent
WHERE organization = {organization:String}
  AND budget_key = {key:String}
  AND threshold_percent = {thresholdPercent:UInt32}
ORDER BY ver DESC, crossed_at
LIMIT 1
