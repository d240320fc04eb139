-- Who pays for a message batch: the first owner by created_at, as JSON of the port's schema. ended_at rows note when processing
-- ended; the earliest stands. Kept apart by fact, so that neither ever overwrites the other.
CREATE TABLE IF NOT EXISTS batch_owners (
  organization LowCardinality(String),
  batch_id String CODEC(ZSTD(1)),
  fact LowCardinality(String),
  instant DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  owner String CODEC(ZSTD(3)),
  recorded_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (organization, batch_id, fact, recorded_at, owner)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
