-- The publication of one version of configuration; of two that name it, the one that was recorded first.
SELECT
  toString(version) AS version,
  toString(toUnixTimestamp64Milli(published_at)) AS published_at_ms,
  actor,
  reason,
  before,
  after
FROM config_versions
WHERE organization = {organization:String} AND config_versions.version = {version:UInt64}
ORDER BY published_at, actor
LIMIT 1
