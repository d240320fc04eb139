-- Which hours of an organization have had rows since when: an hour is dirty until a rollup of it was taken well after its mark.
-- Fed by usage_events_marks. A mark too many costs a computation, a mark too few would cost money: so nothing deduplicates.
CREATE TABLE IF NOT EXISTS dirty_hours (
  organization LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  marked_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(marked_at)
ORDER BY (organization, hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
