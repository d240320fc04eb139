-- Every publication of a configuration snapshot: who, why, what it was before and after (JSON). Never edited.
CREATE TABLE IF NOT EXISTS config_versions (
  organization LowCardinality(String),
  version UInt64,
  published_at DateTime64(3, 'UTC'),
  actor String,
  reason String,
  before String CODEC(ZSTD(3)),
  after String CODEC(ZSTD(3)),
  ver UInt8
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (organization, version, published_at, actor)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
