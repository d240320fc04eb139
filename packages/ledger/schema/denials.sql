-- One row per call that a budget refused, or would have refused where it only observes: the numbers, in
-- nano-USD, tokens or requests as `measure` says, and who asked.
CREATE TABLE IF NOT EXISTS denials (
  organization LowCardinality(String),
  denial_id String CODEC(ZSTD(1)),
  attempt_id String CODEC(ZSTD(1)),
  budget_id LowCardinality(String),
  scope_team LowCardinality(Nullable(String)),
  scope_feature LowCardinality(Nullable(String)),
  unit LowCardinality(String),
  time_zone LowCardinality(String),
  period_start DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  period_end DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  limit_amount Int64 CODEC(ZSTD(1)),
  spent_amount Int64 CODEC(ZSTD(1)),
  held_amount Int64 CODEC(ZSTD(1)),
  needed_amount Int64 CODEC(ZSTD(1)),
  retry_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  denied_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  enforced Bool,
  team LowCardinality(String),
  feature LowCardinality(String),
  environment LowCardinality(String),
  user_pseudonym Nullable(String) CODEC(ZSTD(1)),
  workflow LowCardinality(Nullable(String)),
  task_type LowCardinality(Nullable(String)),
  tags Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  request_model LowCardinality(String),
  ver UInt8,
  scope_environment LowCardinality(Nullable(String)),
  scope_workflow LowCardinality(Nullable(String)),
  scope_user LowCardinality(Nullable(String)),
  scope_model LowCardinality(Nullable(String)),
  reason LowCardinality(Nullable(String)),
  config_version Nullable(UInt64),
  measure LowCardinality(String) DEFAULT 'usd',
  pool_id LowCardinality(Nullable(String)),
  pool_limit_amount Nullable(Int64) CODEC(ZSTD(1)),
  pool_spent_amount Nullable(Int64) CODEC(ZSTD(1)),
  pool_held_amount Nullable(Int64) CODEC(ZSTD(1)),
  pool_needed_amount Nullable(Int64) CODEC(ZSTD(1)),
  median_amount Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(denied_at)
ORDER BY (organization, toStartOfHour(denied_at), team, feature, denial_id)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
