-- The newest reconciliation of each of the provider's organizations, the newest first; of exactly one range, unless that is empty.
-- Bodies are large: they are read of those alone.
SELECT
  report_id,
  kind,
  toString(toUnixTimestamp64Milli(range_start)) AS range_start_ms,
  toString(toUnixTimestamp64Milli(range_end)) AS range_end_ms,
  toString(toUnixTimestamp64Milli(created_at)) AS created_at_ms,
  body,
  provider_organization_id
FROM reports
WHERE organization = {organization:String} AND kind = 'reconciliation' AND (created_at, report_id) IN (
  SELECT created_at, report_id
  FROM reports
  WHERE organization = {organization:String} AND kind = 'reconciliation'
    AND ({fromMs:Int64} = {toMs:Int64}
      OR (toUnixTimestamp64Milli(range_start) = {fromMs:Int64} AND toUnixTimestamp64Milli(range_end) = {toMs:Int64}))
  ORDER BY created_at DESC, report_id DESC
  LIMIT 1 BY provider_organization_id
)
ORDER BY created_at DESC, report_id DESC
LIMIT 1 BY provider_organization_id
