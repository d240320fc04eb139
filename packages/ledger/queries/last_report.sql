-- The newest reconciliation of an organization; of exactly one range, unless that is empty.
SELECT
  report_id,
  kind,
  toString(toUnixTimestamp64Milli(range_start)) AS range_start_ms,
  toString(toUnixTimestamp64Milli(range_end)) AS range_end_ms,
  toString(toUnixTimestamp64Milli(created_at)) AS created_at_ms,
  body
FROM reports
WHERE organization = {organization:String} AND kind = 'reconciliation'
  AND ({fromMs:Int64} = {toMs:Int64}
    OR (toUnixTimestamp64Milli(range_start) = {fromMs:Int64} AND toUnixTimestamp64Milli(range_end) = {toMs:Int64}))
ORDER BY created_at DESC, report_id DESC
LIMIT 1
