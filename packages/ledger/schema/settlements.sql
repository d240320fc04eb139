-- What the gate did with an attempt: one row per settlement, its budget periods and amounts as parallel arrays,
-- each in the measure that its key names.
-- A missing seq within an epoch is a lost row. Read for drift, gaps and rebuild; usage_events carries no sequence.
CREATE TABLE IF NOT EXISTS settlements (
  organization LowCardinality(String),
  attempt_id String CODEC(ZSTD(1)),
  kind LowCardinality(String),
  epoch LowCardinality(String),
  seq UInt64 CODEC(Delta(8), ZSTD(1)),
  budget_instant DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  settled_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  keys Array(LowCardinality(String)),
  amounts Array(Int64) CODEC(ZSTD(1)),
  ver UInt8
)
ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(budget_instant)
ORDER BY (organization, epoch, seq, attempt_id, kind)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
