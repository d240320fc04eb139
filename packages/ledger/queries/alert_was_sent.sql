-- Whether a threshold was announced in a period.
SELECT budget_key
FROM alerts_sent
WHERE organization = {organization:String}
  AND budget_key = {key:String}
  AND threshold_percent = {thresholdPercent:UInt32}
LIMIT 1
