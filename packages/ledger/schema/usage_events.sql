-- One row per billable line of an attempt. Identity: (event_id, line), fixed at first write; corrections are new rows.
-- The hour stands right behind the organization, so that a report over a range reads that range and little else. Every
-- column of the sort key is a function of the immutable event: a copy always meets its original in the same partition.
-- event_id is the text of the id: 14.8 bytes a row under ZSTD, where the 16 raw bytes do not compress at all. Within an hour and a
-- feature instants are as good as random, so their common high bits are cut off (T64) instead of differences being taken.
-- call_id is '' where it is the event's own id, as in the first attempt of every call: read if(call_id = '', event_id, call_id).
-- ladder_steps is JSON, [{step, from, to}]: what a budget's ladder changed of the request. Null where nothing was.
-- What the attempt was admitted by stands on each of its lines, and nowhere on their corrections; null where nothing was asked for.
-- latency_ms is 0 where nobody measured it: what was measured is at least 1.
-- The provider's ids are as long as half of the rest: they go first. Both times are settings, see retention_changes.
CREATE TABLE IF NOT EXISTS usage_events (
  organization LowCardinality(String),
  event_id String CODEC(ZSTD(1)),
  line UInt64 CODEC(T64, ZSTD(1)),
  line_type LowCardinality(String),
  call_id String CODEC(ZSTD(1)),
  attempt_number UInt64 CODEC(T64, ZSTD(1)),
  provider_organization_id LowCardinality(Nullable(String)),
  workspace_id LowCardinality(Nullable(String)),
  api_key_id LowCardinality(Nullable(String)),
  api_key_hint LowCardinality(Nullable(String)),
  team LowCardinality(String),
  feature LowCardinality(String),
  environment LowCardinality(String),
  user_pseudonym LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
  workflow LowCardinality(Nullable(String)),
  task_type LowCardinality(Nullable(String)),
  tags Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  backend LowCardinality(String),
  request_model LowCardinality(String),
  response_model LowCardinality(String),
  request_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay(60),
  message_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay(60),
  trace_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay(60),
  started_at DateTime64(3, 'UTC') CODEC(T64('bit'), ZSTD(1)),
  ended_at DateTime64(3, 'UTC') CODEC(T64('bit'), ZSTD(1)),
  budget_instant DateTime64(3, 'UTC') CODEC(T64('bit'), ZSTD(1)),
  status LowCardinality(String),
  http_status Nullable(Int64) CODEC(ZSTD(1)),
  error_code LowCardinality(Nullable(String)),
  stop_reason LowCardinality(Nullable(String)),
  basis LowCardinality(String),
  streamed Bool,
  latency_ms UInt64 CODEC(T64, ZSTD(1)),
  time_to_first_token_ms Nullable(UInt64) CODEC(T64, ZSTD(1)),
  config_version UInt64 CODEC(T64, ZSTD(1)),
  stable_prefix_hash Nullable(String) CODEC(ZSTD(1)),
  stable_prefix_bytes Nullable(UInt64) CODEC(ZSTD(1)),
  unknown_usage Nullable(String) CODEC(ZSTD(1)),
  uncached_input_tokens UInt64 CODEC(T64, ZSTD(1)),
  cache_read_input_tokens UInt64 CODEC(T64, ZSTD(1)),
  cache_write_5m_input_tokens UInt64 CODEC(T64, ZSTD(1)),
  cache_write_1h_input_tokens UInt64 CODEC(T64, ZSTD(1)),
  cache_write_unsplit_input_tokens UInt64 CODEC(T64, ZSTD(1)),
  output_tokens UInt64 CODEC(T64, ZSTD(1)),
  thinking_tokens Nullable(UInt64) CODEC(ZSTD(1)),
  web_search_requests UInt64 CODEC(T64, ZSTD(1)),
  web_fetch_requests UInt64 CODEC(T64, ZSTD(1)),
  service_tier LowCardinality(Nullable(String)),
  speed LowCardinality(Nullable(String)),
  inference_geo LowCardinality(Nullable(String)),
  prompt_band LowCardinality(String),
  billed Bool,
  list_cost_nano_usd Int64 CODEC(T64('bit'), ZSTD(1)),
  contracted_cost_nano_usd Int64 CODEC(T64('bit'), ZSTD(1)),
  web_search_cost_nano_usd Int64 CODEC(T64('bit'), ZSTD(1)),
  rounding_pico_usd Int64 CODEC(T64, ZSTD(1)),
  price_id LowCardinality(Nullable(String)),
  flags Array(LowCardinality(String)),
  ver UInt8 COMMENT 'Version of the row layout: of two copies the one by the newer writer stays',
  ladder_steps Nullable(String) CODEC(ZSTD(1)),
  expected_nano_usd Nullable(Int64) CODEC(T64('bit'), ZSTD(1)),
  worst_nano_usd Nullable(Int64) CODEC(T64('bit'), ZSTD(1)),
  max_output_tokens Nullable(UInt64) CODEC(T64, ZSTD(1)),
  INDEX ended_at_range ended_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(budget_instant)
ORDER BY (organization, toStartOfHour(budget_instant), team, feature, event_id, line)
TTL toDateTime(budget_instant) + toIntervalDay(400)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
