-- Thresholds that were announced, so that a rebuilt gate announces none of them again. One row per budget period and threshold, its
-- amounts in the measure that the key names: version 1
-- when it was recorded, 2 when somebody was told or it was given up.
CREATE TABLE IF NOT EXISTS alerts_sent (
  organization LowCardinality(String),
  budget_key String CODEC(ZSTD(1)),
  threshold_percent UInt32 CODEC(T64, ZSTD(1)),
  spent_amount Int64 CODEC(ZSTD(1)),
  limit_amount Int64 CODEC(ZSTD(1)),
  crossed_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  ver UInt8,
  outcome LowCardinality(String),
  detail String CODEC(ZSTD(1)),
  ended_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (organization, budget_key, threshold_percent)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
