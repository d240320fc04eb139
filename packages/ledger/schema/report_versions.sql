-- The provider's reports as they were answered, every version of each: what a reconciliation was made from. Never deleted.
CREATE TABLE IF NOT EXISTS report_versions (
  organization LowCardinality(String),
  report LowCardinality(String),
  range_start DateTime64(3, 'UTC'),
  range_end DateTime64(3, 'UTC'),
  pulled_at DateTime64(3, 'UTC'),
  body_hash String CODEC(ZSTD(1)),
  body String CODEC(ZSTD(3)),
  ver UInt8,
  provider_organization_id LowCardinality(String)
)
ENGINE = ReplacingMergeTree(ver)
PRIMARY KEY (organization, report, range_start, range_end, pulled_at, body_hash)
ORDER BY (organization, report, range_start, range_end, pulled_at, body_hash, provider_organization_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
