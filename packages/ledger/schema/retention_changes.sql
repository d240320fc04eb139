-- How long raw rows and the provider's ids in them are kept, and since when it has been so. Rows of an hour that was ever beyond
-- its time may be gone: such an hour is never added up again. The newest row is in force.
CREATE TABLE IF NOT EXISTS retention_changes (
  applied_at DateTime64(6, 'UTC'),
  raw_days UInt32,
  provider_id_days UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY (applied_at, raw_days, provider_id_days)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
