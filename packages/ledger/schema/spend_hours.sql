-- What an organization spent, hour by hour, by who spent it. Rows are added up from deduplicated usage_events, never from what an
-- insert brings; only those of the generation that rollup_pointers names count. An hour is one of the budget instant, which
-- never changes; ended_hour splits it, so that the provider's view of time is read from the same rows.
-- Counts hold the attempts whose only line is line 0; the others may stand in several rows and are kept by id, to be counted
-- once wherever rows are added up. Latencies are sums over the attempts that are counted beside them.
CREATE TABLE IF NOT EXISTS spend_hours (
  organization LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  ended_hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
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
  INDEX ended_hour_range ended_hour TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (organization, hour, team, feature, environment, response_model, status, ended_hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
