-- The newest version of one report over one range; with {pulledAtMs} and {bodyHash} that one.
SELECT
  provider_organization_id,
  report,
  toString(toUnixTimestamp64Milli(range_start)) AS range_start_ms,
  toString(toUnixTimestamp64Milli(range_end)) AS range_end_ms,
  toString(toUnixTimestamp64Milli(pulled_at)) AS pulled_at_ms,
  body_hash,
  body
FROM report_versions
WHERE organization = {organization:String}
  AND provider_organization_id = {providerOrganizationId:String}
  AND report = {report:String}
  AND range_start = fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND range_end = fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND ({bodyHash:String} = '' OR (body_hash = {bodyHash:String} AND pulled_at = fromUnixTimestamp64Milli({pulledAtMs:Int64}, 'UTC')))
ORDER BY pulled_at DESC, body_hash DESC
LIMIT 1
