-- Days of UTC, added up from spend_hours; they count while they are made of the hours that count.
CREATE TABLE IF NOT EXISTS spend_days (
  organization LowCardinality(String),
  day DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  ended_day DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  team LowCardinality(String),
  feature LowCardinality(String),
  environment LowCardinality(String),
  response_model LowCardinality(String),
  status LowCardinality(String),
  generation UInt64 CODEC(ZSTD(1)),
  taken_at DateTime64(6, 'UTC') CODEC(ZSTD(1)),
  attempts UInt64 CODEC(T64, ZSTD(1)),
  calls UInt64 CODEC(T64, ZSTD(1)),
  failed_attempts UInt64 CODEC(T64, ZSTD(1)),
  split_attempts Array(String) CODEC(ZSTD(1)),
  split_calls Array(String) CODEC(ZSTD(1)),
  split_failed_attempts Array(String) CODEC(ZSTD(1)),
  uncached_input_tokens UInt64 CODEC(T64, ZSTD(1)),
  cache_read_input_tokens UInt64 CODEC(T64, ZSTD(1)),
  cache_write_5m_input_tokens UInt64 CODEC(T64, ZSTD(1)),
  cache_write_1h_input_tokens UInt64 CODEC(T64, ZSTD(1)),
  cache_write_unsplit_input_tokens UInt64 CODEC(T64, ZSTD(1)),
  output_tokens UInt64 CODEC(T64, ZSTD(1)),
  thinking_tokens UInt64 CODEC(T64, ZSTD(1)),
  web_search_requests UInt64 CODEC(T64, ZSTD(1)),
  web_fetch_requests UInt64 CODEC(T64, ZSTD(1)),
  list_cost_nano_usd Int128 CODEC(ZSTD(1)),
  contracted_cost_nano_usd Int128 CODEC(ZSTD(1)),
  web_search_cost_nano_usd Int128 CODEC(ZSTD(1)),
  rounding_pico_usd Int64 CODEC(T64, ZSTD(1)),
  latency_ms UInt64 CODEC(T64, ZSTD(1)),
  timed_attempts UInt64 CODEC(T64, ZSTD(1)),
  time_to_first_token_ms UInt64 CODEC(T64, ZSTD(1)),
  first_token_attempts UInt64 CODEC(T64, ZSTD(1)),
  INDEX ended_day_range ended_day TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (organization, day, team, feature, environment, response_model, status, ended_day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192, min_bytes_for_wide_part = 134217728
