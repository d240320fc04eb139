-- Finished reports, kept whole: body is the JSON of the package that made it.
CREATE TABLE IF NOT EXISTS reports (
  organization LowCardinality(String),
  report_id String,
  kind LowCardinality(String),
  range_start DateTime64(3, 'UTC'),
  range_end DateTime64(3, 'UTC'),
  created_at DateTime64(3, 'UTC'),
  body String CODEC(ZSTD(3)),
  ver UInt8,
  provider_organization_id LowCardinality(String)
    DEFAULT JSONExtractString(body, 'providerOrganizationId')
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (organization, kind, created_at, report_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
