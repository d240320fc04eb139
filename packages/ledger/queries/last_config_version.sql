-- The newest publication of configuration of an organization.
SELECT
  toString(version) AS version,
  toString(toUnixTimestamp64Milli(published_at)) AS published_at_ms,
  actor,
  reason,
  before,
  after
FROM config_versions
WHERE organization = {organization:String}
ORDER BY config_versions.version DESC, published_at DESC, actor DESC
LIMIT 1
