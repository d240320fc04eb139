-- Every version of an organization's reports whose range overlaps [from, to), without bodies.
SELECT
  provider_organization_id,
  report,
  toString(toUnixTimestamp64Milli(range_start)) AS range_start_ms,
  toString(toUnixTimestamp64Milli(range_end)) AS range_end_ms,
  toString(toUnixTimestamp64Milli(pulled_at)) AS pulled_at_ms,
  body_hash
FROM report_versions
WHERE organization = {organization:String}
  AND range_start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND range_end > fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
ORDER BY provider_organization_id, report, range_start, range_end, pulled_at, body_hash
LIMIT 1 BY provider_organization_id, report, range_start, range_end, pulled_at, body_hash
