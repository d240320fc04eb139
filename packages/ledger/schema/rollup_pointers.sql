-- Which generation of a rollup counts, per hour and per day: the row with the newest taken_at. Written after the rows it points
-- at, so that a crash in between leaves rows that nobody reads. source: what a day was added up from, a checksum over the
-- generations of its hours (0 for an hour); a day counts only while its hours are still those.
CREATE TABLE IF NOT EXISTS rollup_pointers (
  organization LowCardinality(String),
  grain LowCardinality(String),
  start DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  generation UInt64 CODEC(ZSTD(1)),
  source UInt64 CODEC(ZSTD(1)),
  taken_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(taken_at)
ORDER BY (organization, grain, start)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
