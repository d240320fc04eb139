/* Made by scripts/generate-sql.ts from schema/, migrations/ and queries/. Change those files, then run it again. */

export const SCHEMA = {
'alerts_sent': `-- Thresholds that were announced, so that a rebuilt gate announces none of them again. One row per budget period and threshold, its
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
`,
'batch_owners': `-- Who pays for a message batch: the first owner by created_at, as JSON of the port's schema. ended_at rows note when processing
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
`,
'billing_days': `-- Days of UTC, added up from billing_hours; they count while they are made of the hours that count.
CREATE TABLE IF NOT EXISTS billing_days (
  organization LowCardinality(String),
  day DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  ended_day DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  provider_organization_id LowCardinality(String),
  workspace_id LowCardinality(String),
  api_key_id LowCardinality(String),
  api_key_hint LowCardinality(String),
  response_model LowCardinality(String),
  backend LowCardinality(String),
  service_tier LowCardinality(String),
  speed LowCardinality(String),
  inference_geo LowCardinality(String),
  prompt_band LowCardinality(String),
  basis LowCardinality(String),
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
ORDER BY (organization, day, response_model, api_key_id, workspace_id, ended_day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192, min_bytes_for_wide_part = 134217728
`,
'billing_hours': `-- What the provider bills an organization for, hour by hour, by what its reports distinguish. Built and read as spend_hours.
CREATE TABLE IF NOT EXISTS billing_hours (
  organization LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  ended_hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  provider_organization_id LowCardinality(String),
  workspace_id LowCardinality(String),
  api_key_id LowCardinality(String),
  api_key_hint LowCardinality(String),
  response_model LowCardinality(String),
  backend LowCardinality(String),
  service_tier LowCardinality(String),
  speed LowCardinality(String),
  inference_geo LowCardinality(String),
  prompt_band LowCardinality(String),
  basis LowCardinality(String),
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
ORDER BY (organization, hour, response_model, api_key_id, workspace_id, ended_hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'config_versions': `-- Every publication of a configuration snapshot: who, why, what it was before and after (JSON). Never edited.
CREATE TABLE IF NOT EXISTS config_versions (
  organization LowCardinality(String),
  version UInt64,
  published_at DateTime64(3, 'UTC'),
  actor String,
  reason String,
  before String CODEC(ZSTD(3)),
  after String CODEC(ZSTD(3)),
  ver UInt8
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (organization, version, published_at, actor)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'denials': `-- One row per call that a budget refused, or would have refused where it only observes: the numbers, in
-- nano-USD, tokens or requests as \`measure\` says, and who asked.
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
`,
'dirty_hours': `-- Which hours of an organization have had rows since when: an hour is dirty until a rollup of it was taken well after its mark.
-- Fed by usage_events_marks. A mark too many costs a computation, a mark too few would cost money: so nothing deduplicates.
CREATE TABLE IF NOT EXISTS dirty_hours (
  organization LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  marked_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(marked_at)
ORDER BY (organization, hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'finance_records': `-- Invoices, closed periods and the statements frozen with them: body is the JSON of the package that wrote it. Never edited; a
-- correction is the next number of its subject. The insert's token is the number: of two writers of one, the first stands.
CREATE TABLE IF NOT EXISTS finance_records (
  organization LowCardinality(String),
  kind LowCardinality(String),
  subject String CODEC(ZSTD(1)),
  number UInt32,
  record_id String CODEC(ZSTD(1)),
  recorded_at DateTime64(3, 'UTC'),
  actor String CODEC(ZSTD(1)),
  reason String CODEC(ZSTD(1)),
  body String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (organization, kind, subject, number)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
`,
'late_usage_events': `-- Rows that arrived when their hour could no longer be added up again, because rows of it may have expired. In the columns of
-- usage_events, and never there: what was added up, the rows on time and these are counted side by side. They do not expire, since
-- nothing else knows what they cost.
CREATE TABLE IF NOT EXISTS late_usage_events (
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
  request_id Nullable(String) CODEC(ZSTD(1)),
  message_id Nullable(String) CODEC(ZSTD(1)),
  trace_id Nullable(String) CODEC(ZSTD(1)),
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
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
`,
'report_versions': `-- The provider's reports as they were answered, every version of each: what a reconciliation was made from. Never deleted.
CREATE TABLE IF NOT EXISTS report_versions (
  organization LowCardinality(String),
  report LowCardinality(String),
  range_start DateTime64(3, 'UTC'),
  range_end DateTime64(3, 'UTC'),
  pulled_at DateTime64(3, 'UTC'),
  body_hash String CODEC(ZSTD(1)),
  body String CODEC(ZSTD(3)),
  ver UInt8,
  provider_organization_id LowCardinality(String)
)
ENGINE = ReplacingMergeTree(ver)
PRIMARY KEY (organization, report, range_start, range_end, pulled_at, body_hash)
ORDER BY (organization, report, range_start, range_end, pulled_at, body_hash, provider_organization_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'reports': `-- Finished reports, kept whole: body is the JSON of the package that made it.
CREATE TABLE IF NOT EXISTS reports (
  organization LowCardinality(String),
  report_id String,
  kind LowCardinality(String),
  range_start DateTime64(3, 'UTC'),
  range_end DateTime64(3, 'UTC'),
  created_at DateTime64(3, 'UTC'),
  body String CODEC(ZSTD(3)),
  ver UInt8,
  provider_organization_id LowCardinality(String)
    DEFAULT JSONExtractString(body, 'providerOrganizationId')
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (organization, kind, created_at, report_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'retention_changes': `-- How long raw rows and the provider's ids in them are kept, and since when it has been so. Rows of an hour that was ever beyond
-- its time may be gone: such an hour is never added up again. The newest row is in force.
CREATE TABLE IF NOT EXISTS retention_changes (
  applied_at DateTime64(6, 'UTC'),
  raw_days UInt32,
  provider_id_days UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY (applied_at, raw_days, provider_id_days)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'rollup_pointers': `-- Which generation of a rollup counts, per hour and per day: the row with the newest taken_at. Written after the rows it points
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
`,
'schema_migrations': `-- Which migrations this database has had. Two openers may record the same one: the copies are equal and merge into one.
CREATE TABLE IF NOT EXISTS schema_migrations (
  version UInt32,
  name String,
  checksum String,
  applied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'settlements': `-- What the gate did with an attempt: one row per settlement, its budget periods and amounts as parallel arrays,
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
`,
'spend_days': `-- Days of UTC, added up from spend_hours; they count while they are made of the hours that count.
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
`,
'spend_hours': `-- What an organization spent, hour by hour, by who spent it. Rows are added up from deduplicated usage_events, never from what an
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
`,
'usage_events': `-- One row per billable line of an attempt. Identity: (event_id, line), fixed at first write; corrections are new rows.
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
`,
'usage_events_marks': `-- Marks the hours that an insert into usage_events touches. It sees what an insert brings, copies and retries too: that is why
-- it marks and does not add up. A retry whose rows are dropped as known still marks, so a crash between the two heals.
CREATE MATERIALIZED VIEW IF NOT EXISTS usage_events_marks TO dirty_hours AS
SELECT organization, toStartOfHour(budget_instant) AS hour, now64(6) AS marked_at
FROM usage_events
GROUP BY organization, hour
`,
} as const;

export const MIGRATIONS = {
'0001_create_usage_events': `-- One row per billable line of an attempt. Identity: (event_id, line), fixed at first write; corrections are new rows.
-- The hour stands right behind the organization, so that a report over a range reads that range and little else. Every
-- column of the sort key is a function of the immutable event: a copy always meets its original in the same partition.
-- event_id is the text of the id: 14.8 bytes a row under ZSTD, where the 16 raw bytes do not compress at all.
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
  user_pseudonym Nullable(String) CODEC(ZSTD(1)),
  workflow LowCardinality(Nullable(String)),
  task_type LowCardinality(Nullable(String)),
  tags Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  backend LowCardinality(String),
  request_model LowCardinality(String),
  response_model LowCardinality(String),
  request_id Nullable(String) CODEC(ZSTD(1)),
  message_id Nullable(String) CODEC(ZSTD(1)),
  trace_id Nullable(String) CODEC(ZSTD(1)),
  started_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  ended_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  budget_instant DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  status LowCardinality(String),
  http_status Nullable(Int64) CODEC(ZSTD(1)),
  error_code LowCardinality(Nullable(String)),
  stop_reason LowCardinality(Nullable(String)),
  basis LowCardinality(String),
  streamed Bool,
  latency_ms Float64 CODEC(ZSTD(1)),
  time_to_first_token_ms Nullable(Float64) CODEC(ZSTD(1)),
  config_version UInt64 CODEC(T64, ZSTD(1)),
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
  list_cost_nano_usd Int64 CODEC(T64, ZSTD(1)),
  contracted_cost_nano_usd Int64 CODEC(T64, ZSTD(1)),
  web_search_cost_nano_usd Int64 CODEC(T64, ZSTD(1)),
  rounding_pico_usd Int64 CODEC(T64, ZSTD(1)),
  price_id LowCardinality(Nullable(String)),
  flags Array(LowCardinality(String)),
  ver UInt8 COMMENT 'Version of the row layout: of two copies the one by the newer writer stays',
  INDEX ended_at_range ended_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(budget_instant)
ORDER BY (organization, toStartOfHour(budget_instant), team, feature, event_id, line)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
`,
'0002_create_settlements': `-- What the gate did with an attempt: one row per settlement, its budget periods and amounts (nano-USD) as parallel arrays.
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
`,
'0003_create_denials': `-- One row per call that a budget refused, or would have refused where it only observes: the numbers, and who asked.
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
  limit_nano_usd Int64 CODEC(ZSTD(1)),
  spent_nano_usd Int64 CODEC(ZSTD(1)),
  held_nano_usd Int64 CODEC(ZSTD(1)),
  needed_nano_usd Int64 CODEC(ZSTD(1)),
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
  ver UInt8
)
ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(denied_at)
ORDER BY (organization, toStartOfHour(denied_at), team, feature, denial_id)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
`,
'0004_create_config_versions': `-- Every publication of a configuration snapshot: who, why, what it was before and after (JSON). Never edited.
CREATE TABLE IF NOT EXISTS config_versions (
  organization LowCardinality(String),
  version UInt64,
  published_at DateTime64(3, 'UTC'),
  actor String,
  reason String,
  before String CODEC(ZSTD(3)),
  after String CODEC(ZSTD(3)),
  ver UInt8
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (organization, version, published_at, actor)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'0005_create_reports': `-- Finished reports, kept whole: body is the JSON of the package that made it.
CREATE TABLE IF NOT EXISTS reports (
  organization LowCardinality(String),
  report_id String,
  kind LowCardinality(String),
  range_start DateTime64(3, 'UTC'),
  range_end DateTime64(3, 'UTC'),
  created_at DateTime64(3, 'UTC'),
  body String CODEC(ZSTD(3)),
  ver UInt8
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (organization, kind, created_at, report_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'0006_add_stable_prefix': `-- Keyed hash and length of what the provider can cache of a request. Null in every row that was written before.
ALTER TABLE usage_events
  ADD COLUMN IF NOT EXISTS stable_prefix_hash Nullable(String) CODEC(ZSTD(1)) AFTER config_version,
  ADD COLUMN IF NOT EXISTS stable_prefix_bytes Nullable(UInt64) CODEC(ZSTD(1)) AFTER stable_prefix_hash
`,
'0007_create_dirty_hours': `-- Which hours of an organization have had rows since when: an hour is dirty until a rollup of it was taken well after its mark.
-- Fed by usage_events_marks. A mark too many costs a computation, a mark too few would cost money: so nothing deduplicates.
CREATE TABLE IF NOT EXISTS dirty_hours (
  organization LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  marked_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(marked_at)
ORDER BY (organization, hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'0008_create_rollup_pointers': `-- Which generation of a rollup counts, per hour and per day: the row with the newest taken_at. Written after the rows it points
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
`,
'0009_create_spend_hours': `-- What an organization spent, hour by hour, by who spent it. Rows are added up from deduplicated usage_events, never from what an
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
`,
'0010_create_billing_hours': `-- What the provider bills an organization for, hour by hour, by what its reports distinguish. Built and read as spend_hours.
CREATE TABLE IF NOT EXISTS billing_hours (
  organization LowCardinality(String),
  hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  ended_hour DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  provider_organization_id LowCardinality(String),
  workspace_id LowCardinality(String),
  api_key_id LowCardinality(String),
  api_key_hint LowCardinality(String),
  response_model LowCardinality(String),
  backend LowCardinality(String),
  service_tier LowCardinality(String),
  speed LowCardinality(String),
  inference_geo LowCardinality(String),
  prompt_band LowCardinality(String),
  basis LowCardinality(String),
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
ORDER BY (organization, hour, response_model, api_key_id, workspace_id, ended_hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'0011_create_spend_days': `-- Days of UTC, added up from spend_hours; they count while they are made of the hours that count.
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'0012_create_billing_days': `-- Days of UTC, added up from billing_hours; they count while they are made of the hours that count.
CREATE TABLE IF NOT EXISTS billing_days (
  organization LowCardinality(String),
  day DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  ended_day DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  provider_organization_id LowCardinality(String),
  workspace_id LowCardinality(String),
  api_key_id LowCardinality(String),
  api_key_hint LowCardinality(String),
  response_model LowCardinality(String),
  backend LowCardinality(String),
  service_tier LowCardinality(String),
  speed LowCardinality(String),
  inference_geo LowCardinality(String),
  prompt_band LowCardinality(String),
  basis LowCardinality(String),
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
ORDER BY (organization, day, response_model, api_key_id, workspace_id, ended_day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'0013_create_usage_events_marks': `-- Marks the hours that an insert into usage_events touches. It sees what an insert brings, copies and retries too: that is why
-- it marks and does not add up. A retry whose rows are dropped as known still marks, so a crash between the two heals.
CREATE MATERIALIZED VIEW IF NOT EXISTS usage_events_marks TO dirty_hours AS
SELECT organization, toStartOfHour(budget_instant) AS hour, now64(6) AS marked_at
FROM usage_events
GROUP BY organization, hour
`,
'0014_mark_stored_hours': `-- Marks the hours of rows that are older than the marks, so that they are added up too. Once more does no harm.
INSERT INTO dirty_hours
SETTINGS async_insert = 0, insert_deduplicate = 0
SELECT organization, toStartOfHour(budget_instant) AS hour, now64(6) AS marked_at
FROM usage_events
GROUP BY organization, hour
`,
'0015_create_retention_changes': `-- How long raw rows and the provider's ids in them are kept, and since when it has been so. Rows of an hour that was ever beyond
-- its time may be gone: such an hour is never added up again. The newest row is in force.
CREATE TABLE IF NOT EXISTS retention_changes (
  applied_at DateTime64(6, 'UTC'),
  raw_days UInt32,
  provider_id_days UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY (applied_at, raw_days, provider_id_days)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'0016_create_alerts_sent': `-- Thresholds that were announced, so that a rebuilt gate announces none of them again. One row per budget period and threshold.
CREATE TABLE IF NOT EXISTS alerts_sent (
  organization LowCardinality(String),
  budget_key String CODEC(ZSTD(1)),
  threshold_percent UInt32 CODEC(T64, ZSTD(1)),
  spent_nano_usd Int64 CODEC(ZSTD(1)),
  limit_nano_usd Int64 CODEC(ZSTD(1)),
  crossed_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  ver UInt8
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (organization, budget_key, threshold_percent)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'0017_create_report_versions': `-- The provider's reports as they were answered, every version of each: what a reconciliation was made from. Never deleted.
CREATE TABLE IF NOT EXISTS report_versions (
  organization LowCardinality(String),
  report LowCardinality(String),
  range_start DateTime64(3, 'UTC'),
  range_end DateTime64(3, 'UTC'),
  pulled_at DateTime64(3, 'UTC'),
  body_hash String CODEC(ZSTD(1)),
  body String CODEC(ZSTD(3)),
  ver UInt8
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (organization, report, range_start, range_end, pulled_at, body_hash)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
`,
'0018_create_batch_owners': `-- Who pays for a message batch: the first owner by created_at, as JSON of the port's schema. ended_at rows note when processing
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
`,
'0019_expire_usage_events': `-- Rows expire after 400 days and the provider's ids in them after 60, unless set otherwise; instants and costs take fewer bits.
-- Nothing is rewritten at once: stored parts follow when they merge.
ALTER TABLE usage_events
  MODIFY COLUMN IF EXISTS request_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay(60),
  MODIFY COLUMN IF EXISTS message_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay(60),
  MODIFY COLUMN IF EXISTS trace_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay(60),
  MODIFY COLUMN IF EXISTS started_at DateTime64(3, 'UTC') CODEC(T64('bit'), ZSTD(1)),
  MODIFY COLUMN IF EXISTS ended_at DateTime64(3, 'UTC') CODEC(T64('bit'), ZSTD(1)),
  MODIFY COLUMN IF EXISTS budget_instant DateTime64(3, 'UTC') CODEC(T64('bit'), ZSTD(1)),
  MODIFY COLUMN IF EXISTS list_cost_nano_usd Int64 CODEC(T64('bit'), ZSTD(1)),
  MODIFY COLUMN IF EXISTS contracted_cost_nano_usd Int64 CODEC(T64('bit'), ZSTD(1)),
  MODIFY COLUMN IF EXISTS web_search_cost_nano_usd Int64 CODEC(T64('bit'), ZSTD(1)),
  MODIFY TTL toDateTime(budget_instant) + toIntervalDay(400)
SETTINGS materialize_ttl_after_modify = 0
`,
'0020_pack_durations_and_users': `-- Durations are whole milliseconds (fractions of one cost 13 bytes a row), and a user's pseudonym is written once per part. From
-- here on call_id is '' where it is the event's own id.
ALTER TABLE usage_events
  MODIFY COLUMN IF EXISTS user_pseudonym LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
  MODIFY COLUMN IF EXISTS latency_ms UInt64 CODEC(T64, ZSTD(1)),
  MODIFY COLUMN IF EXISTS time_to_first_token_ms Nullable(UInt64) CODEC(T64, ZSTD(1))
`,
'0021_create_late_usage_events': `-- Rows that arrived when their hour could no longer be added up again, because rows of it may have expired. In the columns of
-- usage_events, and never there: what was added up, the rows on time and these are counted side by side. They do not expire, since
-- nothing else knows what they cost.
CREATE TABLE IF NOT EXISTS late_usage_events (
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
  request_id Nullable(String) CODEC(ZSTD(1)),
  message_id Nullable(String) CODEC(ZSTD(1)),
  trace_id Nullable(String) CODEC(ZSTD(1)),
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
  INDEX ended_at_range ended_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(budget_instant)
ORDER BY (organization, toStartOfHour(budget_instant), team, feature, event_id, line)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
`,
'0022_scope_denials': `-- Budgets can be limited by more than team and feature; rows from before name none of these.
ALTER TABLE denials
  ADD COLUMN IF NOT EXISTS scope_environment LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS scope_workflow LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS scope_user LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS scope_model LowCardinality(Nullable(String))
`,
'0023_keep_spend_days_compact': `-- A question about months reads nearly every column of a few thousand rows: from one file, up to 128 MiB, it takes a tenth less time.
ALTER TABLE spend_days
  MODIFY SETTING min_bytes_for_wide_part = 134217728
`,
'0024_keep_billing_days_compact': `-- A question about months reads nearly every column of a few thousand rows: from one file, up to 128 MiB, it takes a tenth less time.
ALTER TABLE billing_days
  MODIFY SETTING min_bytes_for_wide_part = 134217728
`,
'0025_explain_denials': `-- What said no, and in which configuration; rows from before tell neither.
ALTER TABLE denials
  ADD COLUMN IF NOT EXISTS reason LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS config_version Nullable(UInt64)
`,
'0026_record_ladders': `-- What a budget's ladder changed of a request. Null in every row that was written before, and wherever nothing was changed.
ALTER TABLE usage_events
  ADD COLUMN IF NOT EXISTS ladder_steps Nullable(String) CODEC(ZSTD(1))
`,
'0027_record_ladders_of_late_usage': `-- What a budget's ladder changed of a request. Null in every row that was written before, and wherever nothing was changed.
ALTER TABLE late_usage_events
  ADD COLUMN IF NOT EXISTS ladder_steps Nullable(String) CODEC(ZSTD(1))
`,
'0028_record_estimates': `-- What an attempt was expected to cost and could cost at most when it was admitted, and the max_tokens it was asked with. Null in
-- every row that was written before.
ALTER TABLE usage_events
  ADD COLUMN IF NOT EXISTS expected_nano_usd Nullable(Int64) CODEC(T64('bit'), ZSTD(1)),
  ADD COLUMN IF NOT EXISTS worst_nano_usd Nullable(Int64) CODEC(T64('bit'), ZSTD(1)),
  ADD COLUMN IF NOT EXISTS max_output_tokens Nullable(UInt64) CODEC(T64, ZSTD(1))
`,
'0029_record_estimates_of_late_usage': `-- What an attempt was expected to cost and could cost at most when it was admitted, and the max_tokens it was asked with. Null in
-- every row that was written before.
ALTER TABLE late_usage_events
  ADD COLUMN IF NOT EXISTS expected_nano_usd Nullable(Int64) CODEC(T64('bit'), ZSTD(1)),
  ADD COLUMN IF NOT EXISTS worst_nano_usd Nullable(Int64) CODEC(T64('bit'), ZSTD(1)),
  ADD COLUMN IF NOT EXISTS max_output_tokens Nullable(UInt64) CODEC(T64, ZSTD(1))
`,
'0030_keep_outcomes_of_alerts': `-- What became of an alert: waiting, told or untold, by whom or why, and when.
ALTER TABLE alerts_sent
  ADD COLUMN IF NOT EXISTS outcome LowCardinality(String),
  ADD COLUMN IF NOT EXISTS detail String CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS ended_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1))
`,
'0031_rename_amounts_of_denials': `-- What a budget is in need not be USD: its amounts are named without a unit.
ALTER TABLE denials
  RENAME COLUMN IF EXISTS limit_nano_usd TO limit_amount,
  RENAME COLUMN IF EXISTS spent_nano_usd TO spent_amount,
  RENAME COLUMN IF EXISTS held_nano_usd TO held_amount,
  RENAME COLUMN IF EXISTS needed_nano_usd TO needed_amount
`,
'0032_add_measure_of_denials': `-- Which unit they are in; rows from before are all in nano-USD.
ALTER TABLE denials
  ADD COLUMN IF NOT EXISTS measure LowCardinality(String) DEFAULT 'usd'
`,
'0033_rename_amounts_of_alerts': `-- As those of denials: a key names what its amounts are in.
ALTER TABLE alerts_sent
  RENAME COLUMN IF EXISTS spent_nano_usd TO spent_amount,
  RENAME COLUMN IF EXISTS limit_nano_usd TO limit_amount
`,
'0034_tell_provider_organizations': `-- One organization of ours may be billed as several of the provider's: which one a report is about is part of what it is.
ALTER TABLE report_versions
  ADD COLUMN IF NOT EXISTS provider_organization_id LowCardinality(String),
  MODIFY ORDER BY (organization, report, range_start, range_end, pulled_at, body_hash, provider_organization_id)
`,
'0035_create_finance_records': `-- Invoices, closed periods and the statements frozen with them: body is the JSON of the package that wrote it. Never edited; a
-- correction is the next number of its subject. The insert's token is the number: of two writers of one, the first stands.
CREATE TABLE IF NOT EXISTS finance_records (
  organization LowCardinality(String),
  kind LowCardinality(String),
  subject String CODEC(ZSTD(1)),
  number UInt32,
  record_id String CODEC(ZSTD(1)),
  recorded_at DateTime64(3, 'UTC'),
  actor String CODEC(ZSTD(1)),
  reason String CODEC(ZSTD(1)),
  body String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (organization, kind, subject, number)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
`,
'0036_add_pools_of_denials': `-- The pool that did not have what the budget lacked; null where the budget has none.
ALTER TABLE denials
  ADD COLUMN IF NOT EXISTS pool_id LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS pool_limit_amount Nullable(Int64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pool_spent_amount Nullable(Int64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pool_held_amount Nullable(Int64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pool_needed_amount Nullable(Int64) CODEC(ZSTD(1))
`,
'0037_add_median_of_denials': `-- Of a denial because a budget was spent too fast: what the five minutes before cost, in the middle. Absent for any other reason.
ALTER TABLE denials
  ADD COLUMN IF NOT EXISTS median_amount Nullable(Int64) CODEC(ZSTD(1))
`,
'0038_tell_reports_of_provider_organizations': `-- Whose bill a report is about, where several are ours. What was stored before may say so in its body.
ALTER TABLE reports
  ADD COLUMN IF NOT EXISTS provider_organization_id LowCardinality(String)
    DEFAULT JSONExtractString(body, 'providerOrganizationId')
`,
} as const;

export const QUERIES = {
'applied_migrations': `-- Migrations this database has had, oldest first.
SELECT version, name, checksum
FROM schema_migrations
ORDER BY version, applied_at
LIMIT 1 BY version
`,
'batch_facts': `-- All that was recorded of one message batch, oldest first.
SELECT
  fact,
  toString(toUnixTimestamp64Milli(instant)) AS instant_ms,
  owner AS body
FROM batch_owners
WHERE organization = {organization:String} AND batch_id = {batchId:String}
ORDER BY recorded_at, fact, body
`,
'batch_owners_since': `-- Owners of the message batches that were created since an instant.
SELECT DISTINCT owner AS body
FROM batch_owners
WHERE organization = {organization:String}
  AND fact = 'owner'
  AND instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
`,
'config_version': `-- The publication of one version of configuration; of two that name it, the one that was recorded first.
SELECT
  toString(version) AS version,
  toString(toUnixTimestamp64Milli(published_at)) AS published_at_ms,
  actor,
  reason,
  before,
  after
FROM config_versions
WHERE organization = {organization:String} AND config_versions.version = {version:UInt64}
ORDER BY published_at, actor
LIMIT 1
`,
'counts': `-- How many rows an organization has in [from, to), by budget instant (denials: by when they were answered).
SELECT
  toString(lines_stored.events) AS events,
  toString(lines_stored.lines) AS lines,
  toString(lines_stored.stored - lines_stored.lines) AS duplicates,
  toString(settled.settlements) AS settlements,
  toString(denied.denials) AS denials
FROM
(
  SELECT uniqExact(event_id) AS events, uniqExact(event_id, line) AS lines, count() AS stored
  FROM
  (
    SELECT event_id, line
    FROM usage_events
    WHERE organization = {organization:String}
      AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
      AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')

    UNION ALL

    SELECT event_id, line
    FROM late_usage_events
    WHERE organization = {organization:String}
      AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
      AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  )
) AS lines_stored
CROSS JOIN
(
  SELECT uniqExact(epoch, seq, attempt_id, kind) AS settlements
  FROM settlements
  WHERE organization = {organization:String}
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
) AS settled
CROSS JOIN
(
  SELECT uniqExact(denial_id) AS denials
  FROM denials
  WHERE organization = {organization:String}
    AND denied_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND denied_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
) AS denied
`,
'create_cluster_profile': `-- What the users of a cluster need, besides ALTER USER … SETTINGS PROFILE. A write is acknowledged when its shard has it, on most of its
-- replicas; pointers are looked up beside rollups; and no answer comes from a replica that is further behind than the minutes
-- for which an hour is left to its rows.
CREATE SETTINGS PROFILE IF NOT EXISTS tallygate ON CLUSTER '__CLUSTER__' SETTINGS
  distributed_foreground_insert = 1,
  insert_quorum = 'auto',
  insert_quorum_timeout = 60000,
  distributed_product_mode = 'global',
  max_replica_delay_for_distributed_queries = 60,
  fallback_to_stale_replicas_for_distributed_queries = 0
`,
'create_distributed': `-- What programs read and write on a cluster: a name over the tables of all shards. Whole rows go to the shard of their key.
CREATE TABLE IF NOT EXISTS __TABLE__ ON CLUSTER '__CLUSTER__' AS __TABLE___local
ENGINE = Distributed('__CLUSTER__', currentDatabase(), '__TABLE___local', cityHash64(__KEY__))
`,
'days_to_add_up': `-- The days that wait to be added up, of all organizations, oldest first: all hours clean, and the pointer of the day is none or
-- made of other generations. Days that are not over are left alone: they would be added up every hour.
WITH
marks AS
(
  SELECT organization, hour, max(marked_at) AS last_marked_at
  FROM dirty_hours
  WHERE hour < toStartOfDay(now('UTC'))
  GROUP BY organization, hour
),
pointers AS
(
  SELECT organization, grain, start, argMax(generation, taken_at) AS last_generation, argMax(source, taken_at) AS last_source, max(taken_at) AS last_taken_at
  FROM rollup_pointers
  GROUP BY organization, grain, start
)
SELECT
  days.organization AS organization,
  toString(toUInt32(days.day)) AS day,
  arrayMap(hour -> toString(toUInt32(hour.1)), hours_of_day) AS hours,
  arrayMap(hour -> toString(hour.2), hours_of_day) AS generations,
  toString(made_of) AS source,
  toString(toUnixTimestamp64Micro(now64(6))) AS taken_at_micros
FROM
(
  SELECT
    marks.organization AS organization,
    toStartOfDay(marks.hour) AS day,
    groupArray((marks.hour, hour_pointers.last_generation)) AS hours_of_day,
    groupBitXor(sipHash64(marks.hour, hour_pointers.last_generation)) AS made_of,
    min(hour_pointers.last_generation != 0
      AND (hour_pointers.last_taken_at > marks.last_marked_at + toIntervalMillisecond({marginMs:Int64})
        OR marks.hour < toDateTime({frozenBeforeSeconds:Int64}, 'UTC'))) AS is_clean
  FROM marks
  LEFT JOIN (SELECT * FROM pointers WHERE grain = 'hour') AS hour_pointers
    ON hour_pointers.organization = marks.organization AND hour_pointers.start = marks.hour
  GROUP BY organization, day
) AS days
LEFT JOIN (SELECT * FROM pointers WHERE grain = 'day') AS day_pointers
  ON day_pointers.organization = days.organization AND day_pointers.start = days.day
WHERE is_clean AND (day_pointers.last_generation = 0 OR day_pointers.last_source != made_of)
ORDER BY days.day, days.organization
LIMIT {limit:UInt32}
SETTINGS join_use_nulls = 0
`,
'denial': `-- One denial of an organization, in its newest copy. Integers are not quoted, amounts are texts.
SELECT
  organization,
  denial_id,
  attempt_id,
  budget_id,
  scope_team,
  scope_feature,
  scope_environment,
  scope_workflow,
  scope_user,
  scope_model,
  unit,
  time_zone,
  toUnixTimestamp64Milli(period_start) AS period_start_ms,
  toUnixTimestamp64Milli(period_end) AS period_end_ms,
  toString(limit_amount) AS limit_amount_text,
  toString(spent_amount) AS spent_amount_text,
  toString(held_amount) AS held_amount_text,
  toString(needed_amount) AS needed_amount_text,
  toUnixTimestamp64Milli(retry_at) AS retry_at_ms,
  toUnixTimestamp64Milli(denied_at) AS denied_at_ms,
  enforced,
  team,
  feature,
  environment,
  user_pseudonym,
  workflow,
  task_type,
  tags,
  request_model,
  ver,
  reason,
  config_version,
  measure,
  pool_id,
  toString(pool_limit_amount) AS pool_limit_amount_text,
  toString(pool_spent_amount) AS pool_spent_amount_text,
  toString(pool_held_amount) AS pool_held_amount_text,
  toString(pool_needed_amount) AS pool_needed_amount_text,
  if(isNull(median_amount), NULL, toString(median_amount)) AS median_amount_text
FROM denials
WHERE organization = {organization:String} AND denial_id = {denialId:String}
ORDER BY denials.ver DESC
LIMIT 1
SETTINGS output_format_json_quote_64bit_integers = 0
`,
'denial_counts': `-- How many attempts budgets of one organization denied in [from, to), or would have denied where they only observe, by dimensions.
-- An attempt that several budgets deny is one; a call that is asked again after a denial is asked as another attempt.
WITH denied_at AS instant
SELECT
  team AS group_team, -- grouped by team
  feature AS group_feature, -- grouped by feature
  environment AS group_environment, -- grouped by environment
  request_model AS group_requestModel, -- grouped by requestModel
  ifNull(user_pseudonym, '') AS group_user, -- grouped by user
  formatDateTime(toStartOfMonth(instant), '%Y-%m-01T00:00:00.000Z') AS group_month, -- grouped by month
  formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z') AS group_day, -- grouped by day
  formatDateTime(toStartOfHour(instant), '%Y-%m-%dT%H:00:00.000Z') AS group_hour, -- grouped by hour
  formatDateTime(toStartOfMinute(instant), '%Y-%m-%dT%H:%i:00.000Z') AS group_minute, -- grouped by minute
  toString(uniqExactIf(attempt_id, enforced)) AS denied_attempts,
  toString(uniqExactIf(attempt_id, NOT enforced)) AS would_be_denied_attempts
FROM denials
WHERE organization = {organization:String}
  AND denied_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND denied_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND has(JSONExtract({filter:String}, 'team', 'Array(String)'), team) -- filtered by team
  AND has(JSONExtract({filter:String}, 'feature', 'Array(String)'), feature) -- filtered by feature
  AND has(JSONExtract({filter:String}, 'environment', 'Array(String)'), environment) -- filtered by environment
  AND has(JSONExtract({filter:String}, 'requestModel', 'Array(String)'), request_model) -- filtered by requestModel
  AND has(JSONExtract({filter:String}, 'user', 'Array(String)'), ifNull(user_pseudonym, '')) -- filtered by user
GROUP BY ALL
HAVING count() > 0
`,
'ended_attempts': `-- Which of these attempts a gate has ended, of those that were held since an instant.
SELECT DISTINCT attempt_id
FROM settlements
WHERE organization = {organization:String}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND attempt_id IN {attemptIds:Array(String)}
`,
'estimates': `-- What attempts admitted in [from, to) were expected to cost and could cost at most, against what they were charged, by team,
-- feature, requested model and the power of two that max_tokens reaches.
-- Compared is what the provider reported and charged to us; other attempts with an estimate are left out and counted. Corrections
-- have none: they know prices that the estimate could not know.
SELECT
  team,
  feature,
  request_model,
  toString(output_tokens_from) AS max_output_tokens_from,
  toString(countIf(is_compared)) AS attempts,
  toString(countIf(NOT is_compared)) AS left_out_attempts,
  toString(sumIf(toInt128(expected), is_compared)) AS expected_nano_usd,
  toString(sumIf(toInt128(worst), is_compared)) AS worst_nano_usd,
  toString(sumIf(charged, is_compared)) AS charged_nano_usd,
  toString(countIf(is_compared AND charged > expected)) AS above_expected,
  toString(countIf(is_compared AND charged > worst)) AS above_worst
FROM
(
  SELECT
    team,
    feature,
    any(asked_model) AS request_model,
    any(output_class) AS output_tokens_from,
    any(expected_at_admission) AS expected,
    any(worst_at_admission) AS worst,
    sum(toInt128(contracted_cost_nano_usd)) AS charged,
    min(is_certain) = 1 AS is_compared
  FROM
  (
    SELECT
      organization,
      toStartOfHour(budget_instant) AS hour,
      team,
      feature,
      event_id,
      line,
      request_model AS asked_model,
      if(max_output_tokens > 0, bitShiftLeft(toUInt64(1), toUInt8(floor(log2(max_output_tokens)))), 0) AS output_class,
      assumeNotNull(expected_nano_usd) AS expected_at_admission,
      assumeNotNull(worst_nano_usd) AS worst_at_admission,
      contracted_cost_nano_usd,
      basis = 'reported' AND status != 'error' AND NOT has(flags, 'billed_to_user_profile') AS is_certain
    FROM usage_events
    WHERE organization = {organization:String}
      AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
      AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
      AND worst_nano_usd IS NOT NULL
    ORDER BY organization, hour, team, feature, event_id, line
    LIMIT 1 BY event_id, line
  )
  GROUP BY organization, hour, team, feature, event_id
)
GROUP BY team, feature, request_model, output_tokens_from
ORDER BY
  countIf(is_compared AND charged > worst) DESC,
  sumIf(charged, is_compared) DESC,
  team,
  feature,
  request_model,
  output_tokens_from
SETTINGS output_format_json_quote_64bit_integers = 1
`,
'expire_usage_events': `-- Changes how long raw rows and the ids of the provider in them are kept. Parts that are stored carry their old ends with them; a
-- mutation corrects them in the background.
ALTER TABLE usage_events
  MODIFY COLUMN request_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay({providerIdDays:UInt32}),
  MODIFY COLUMN message_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay({providerIdDays:UInt32}),
  MODIFY COLUMN trace_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay({providerIdDays:UInt32}),
  MODIFY TTL toDateTime(budget_instant) + toIntervalDay({rawDays:UInt32})
SETTINGS materialize_ttl_after_modify = 1, mutations_sync = 0
`,
'export_csv': `-- The rows of one organization that ended in [from, to), one copy of each line, in the order of the table, as CSV with a line of names.
SELECT *
FROM usage_events
WHERE organization = {organization:String}
  AND ended_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
LIMIT 1 BY event_id, line
FORMAT CSVWithNames
`,
'export_parquet': `-- The rows of one organization that ended in [from, to), one copy of each line, in the order of the table, as Parquet.
SELECT *
FROM usage_events
WHERE organization = {organization:String}
  AND ended_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
LIMIT 1 BY event_id, line
FORMAT Parquet
`,
'finance_record_id': `-- Whose a number is: of two who wrote it, the one that stands.
SELECT record_id
FROM finance_records
WHERE organization = {organization:String}
  AND kind = {kind:String}
  AND subject = {subject:String}
  AND number = {number:UInt32}
LIMIT 1
`,
'finance_records': `-- What finance recorded of one kind; an empty subject means all of them.
SELECT
  subject,
  number,
  record_id,
  toString(toUnixTimestamp64Milli(recorded_at)) AS recorded_at_ms,
  actor,
  reason,
  body
FROM finance_records
WHERE organization = {organization:String}
  AND kind = {kind:String}
  AND ({subject:String} = '' OR subject = {subject:String})
ORDER BY subject, number
LIMIT 1 BY subject, number
`,
'hours_to_add_up': `-- The hours that wait to be added up, of all organizations, oldest first: dirty, quiet for {marginMs}, and with all their rows.
-- taken_at is read before any row is: what is inserted from now on leaves a younger mark.
SELECT
  marks.organization AS organization,
  toString(toUInt32(marks.hour)) AS hour,
  toString(toUnixTimestamp64Micro(now64(6))) AS taken_at_micros
FROM
(
  SELECT organization, hour, max(marked_at) AS last_marked_at
  FROM dirty_hours
  GROUP BY organization, hour
) AS marks
LEFT JOIN
(
  SELECT organization, start, max(taken_at) AS last_taken_at, 1 AS is_known
  FROM rollup_pointers
  WHERE grain = 'hour'
  GROUP BY organization, start
) AS pointers ON pointers.organization = marks.organization AND pointers.start = marks.hour
WHERE last_marked_at + toIntervalMillisecond({marginMs:Int64}) < now64(6)
  AND (is_known = 0 OR (last_taken_at <= last_marked_at + toIntervalMillisecond({marginMs:Int64})
    AND marks.hour >= toDateTime({frozenBeforeSeconds:Int64}, 'UTC')))
ORDER BY marks.hour, marks.organization
LIMIT {limit:UInt32}
SETTINGS join_use_nulls = 0
`,
'hours_to_rebuild': `-- How many hours of one organization in [from, to) wait to be added up.
SELECT toString(count()) AS hours
FROM
(
  SELECT
    start,
    maxIf(at, is_mark) AS last_marked_at,
    maxIf(at, NOT is_mark) AS last_taken_at
  FROM
  (
    SELECT hour AS start, marked_at AS at, true AS is_mark
    FROM dirty_hours
    WHERE organization = {organization:String}

    UNION ALL

    SELECT start, taken_at AS at, false AS is_mark
    FROM rollup_pointers
    WHERE organization = {organization:String} AND grain = 'hour'
  )
  WHERE start >= toDateTime({fromSeconds:Int64}, 'UTC')
    AND start < toDateTime({toSeconds:Int64}, 'UTC')
    AND start >= toDateTime({frozenBeforeSeconds:Int64}, 'UTC')
  GROUP BY start
  HAVING last_marked_at + toIntervalMillisecond({marginMs:Int64}) < now64(6)
    AND last_taken_at <= last_marked_at + toIntervalMillisecond({marginMs:Int64})
)
`,
'insert_batch_fact': `-- Records one fact about a message batch. Without a token: facts only add up, so that one stored twice changes nothing.
INSERT INTO batch_owners
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
`,
'insert_config_version': `-- Records one publication of configuration. Without a token: the same record twice is one row by its sort key.
INSERT INTO config_versions
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
`,
'insert_denials': `-- Stores the denials of one sealed segment, exactly once per token. Settings stand here and nowhere else: given to the
-- embedded engine's connection they would stay set for every later statement. Each is explicit because defaults moved.
INSERT INTO denials
SETTINGS
  async_insert = 0,
  insert_deduplicate = 1,
  insert_deduplication_token = '__TOKEN__',
  deduplicate_blocks_in_dependent_materialized_views = 1,
  max_insert_block_size = 1048576,
  max_partitions_per_insert_block = 0,
  input_format_parallel_parsing = 0,
  input_format_null_as_default = 0,
  input_format_with_names_use_header = 1,
  input_format_skip_unknown_fields = 0
FORMAT JSONCompactEachRowWithNames
`,
'insert_finance_records': `-- Records one number of one subject. The token names the number, not the record: a second record of the same number is dropped.
INSERT INTO finance_records
SETTINGS
  async_insert = 0,
  insert_deduplicate = 1,
  insert_deduplication_token = '__TOKEN__',
  deduplicate_blocks_in_dependent_materialized_views = 1,
  max_insert_block_size = 1048576,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
`,
'insert_late_usage_events': `-- Stores rows that came too late for their hours. Settings as in insert_usage_events.
INSERT INTO late_usage_events
SETTINGS
  async_insert = 0,
  insert_deduplicate = 1,
  insert_deduplication_token = '__TOKEN__',
  deduplicate_blocks_in_dependent_materialized_views = 1,
  max_insert_block_size = 1048576,
  max_partitions_per_insert_block = 0,
  input_format_parallel_parsing = 0,
  input_format_null_as_default = 0,
  input_format_with_names_use_header = 1,
  input_format_skip_unknown_fields = 0
FORMAT JSONCompactEachRowWithNames
`,
'insert_migration': `-- Records that a migration was applied. Without a token: the same record twice is one row by its sort key.
INSERT INTO schema_migrations
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
`,
'insert_report': `-- Records one finished report. Without a token: the same record twice is one row by its sort key.
INSERT INTO reports
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
`,
'insert_report_version': `-- Records one pull of a report. Without a token: the same pull twice is one row by its sort key, which holds its hash.
INSERT INTO report_versions
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
`,
'insert_retention_change': `-- Records what was made the retention, before it is: a crash in between repeats both.
INSERT INTO retention_changes
SETTINGS async_insert = 0, insert_deduplicate = 0, input_format_skip_unknown_fields = 0
SELECT now64(6), {rawDays:UInt32}, {providerIdDays:UInt32}
`,
'insert_rollup_pointers': `-- Makes generations count. Without a token: the same pointer twice is one row by its sort key.
INSERT INTO rollup_pointers
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
`,
'insert_sent_alert': `-- Records one announced threshold. Without a token: the same record twice is one row by its sort key.
INSERT INTO alerts_sent
SETTINGS
  async_insert = 0,
  insert_deduplicate = 0,
  input_format_skip_unknown_fields = 0
FORMAT JSONEachRow
`,
'insert_settlements': `-- Stores the settlements of one sealed segment, exactly once per token. Settings stand here and nowhere else: given to the
-- embedded engine's connection they would stay set for every later statement. Each is explicit because defaults moved.
INSERT INTO settlements
SETTINGS
  async_insert = 0,
  insert_deduplicate = 1,
  insert_deduplication_token = '__TOKEN__',
  deduplicate_blocks_in_dependent_materialized_views = 1,
  max_insert_block_size = 1048576,
  max_partitions_per_insert_block = 0,
  input_format_parallel_parsing = 0,
  input_format_null_as_default = 0,
  input_format_with_names_use_header = 1,
  input_format_skip_unknown_fields = 0
FORMAT JSONCompactEachRowWithNames
`,
'insert_usage_events': `-- Stores the usage lines of one sealed segment, exactly once per token. Settings stand here and nowhere else: given to the
-- embedded engine's connection they would stay set for every later statement. Each is explicit because defaults moved.
INSERT INTO usage_events
SETTINGS
  async_insert = 0,
  insert_deduplicate = 1,
  insert_deduplication_token = '__TOKEN__',
  deduplicate_blocks_in_dependent_materialized_views = 1,
  max_insert_block_size = 1048576,
  max_partitions_per_insert_block = 0,
  input_format_parallel_parsing = 0,
  input_format_null_as_default = 0,
  input_format_with_names_use_header = 1,
  input_format_skip_unknown_fields = 0
FORMAT JSONCompactEachRowWithNames
`,
'known_events': `-- Which of these events an organization has in [from, to) of the budget instant, on time or late.
SELECT event_id
FROM usage_events
WHERE organization = {organization:String}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND event_id IN {eventIds:Array(String)}

UNION DISTINCT

SELECT event_id
FROM late_usage_events
WHERE organization = {organization:String}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND event_id IN {eventIds:Array(String)}
`,
'last_config_version': `-- The newest publication of configuration of an organization.
SELECT
  toString(version) AS version,
  toString(toUnixTimestamp64Milli(published_at)) AS published_at_ms,
  actor,
  reason,
  before,
  after
FROM config_versions
WHERE organization = {organization:String}
ORDER BY config_versions.version DESC, published_at DESC, actor DESC
LIMIT 1
`,
'last_reports': `-- The newest reconciliation of each of the provider's organizations, the newest first; of exactly one range, unless that is empty.
-- Bodies are large: they are read of those alone.
SELECT
  report_id,
  kind,
  toString(toUnixTimestamp64Milli(range_start)) AS range_start_ms,
  toString(toUnixTimestamp64Milli(range_end)) AS range_end_ms,
  toString(toUnixTimestamp64Milli(created_at)) AS created_at_ms,
  body,
  provider_organization_id
FROM reports
WHERE organization = {organization:String} AND kind = 'reconciliation' AND (created_at, report_id) IN (
  SELECT created_at, report_id
  FROM reports
  WHERE organization = {organization:String} AND kind = 'reconciliation'
    AND ({fromMs:Int64} = {toMs:Int64}
      OR (toUnixTimestamp64Milli(range_start) = {fromMs:Int64} AND toUnixTimestamp64Milli(range_end) = {toMs:Int64}))
  ORDER BY created_at DESC, report_id DESC
  LIMIT 1 BY provider_organization_id
)
ORDER BY created_at DESC, report_id DESC
LIMIT 1 BY provider_organization_id
`,
'last_settlement_seq': `-- The highest sequence number any settlement of the organization has had, in any epoch; 0 before the first.
SELECT toString(max(seq)) AS last_seq
FROM settlements
WHERE organization = {organization:String}
`,
'late_usage_exists': `-- Whether an organization has any row that came too late for its hour: mostly it has none, and the sums need not look for them.
SELECT event_id
FROM late_usage_events
WHERE organization = {organization:String}
LIMIT 1
`,
'latency_percentiles': `-- Latencies of the attempts of one organization in [from, to), by whatever is asked. Percentiles are exact: no rollup could give
-- them. One copy of each attempt counts, read as in spend.sql.
SELECT
  team AS group_team, -- grouped by team
  feature AS group_feature, -- grouped by feature
  environment AS group_environment, -- grouped by environment
  request_model AS group_requestModel, -- grouped by requestModel
  ifNull(provider_organization_id, '') AS group_providerOrganizationId, -- grouped by providerOrganizationId
  ifNull(workspace_id, '') AS group_workspaceId, -- grouped by workspaceId
  ifNull(api_key_id, '') AS group_apiKeyId, -- grouped by apiKeyId
  ifNull(api_key_hint, '') AS group_apiKeyHint, -- grouped by apiKeyHint
  response_model AS group_responseModel, -- grouped by responseModel
  status AS group_status, -- grouped by status
  backend AS group_backend, -- grouped by backend
  ifNull(service_tier, '') AS group_serviceTier, -- grouped by serviceTier
  ifNull(speed, '') AS group_speed, -- grouped by speed
  ifNull(inference_geo, '') AS group_inferenceGeo, -- grouped by inferenceGeo
  prompt_band AS group_promptBand, -- grouped by promptBand
  ifNull(price_id, '') AS group_priceId, -- grouped by priceId
  basis AS group_basis, -- grouped by basis
  line_type AS group_lineType, -- grouped by lineType
  formatDateTime(toStartOfDay(started_at), '%Y-%m-%dT00:00:00.000Z') AS group_startedDay, -- grouped by startedDay
  ifNull(user_pseudonym, '') AS group_user, -- grouped by user
  ifNull(workflow, '') AS group_workflow, -- grouped by workflow
  ifNull(task_type, '') AS group_taskType, -- grouped by taskType
  tags[{tagKey:String}] AS group_tag, -- grouped by tag
  formatDateTime(toStartOfMonth(instant), '%Y-%m-01T00:00:00.000Z') AS group_month, -- grouped by month
  formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z') AS group_day, -- grouped by day
  formatDateTime(toStartOfHour(instant), '%Y-%m-%dT%H:00:00.000Z') AS group_hour, -- grouped by hour
  formatDateTime(toStartOfMinute(instant), '%Y-%m-%dT%H:%i:00.000Z') AS group_minute, -- grouped by minute
  toString(countIf(latency_ms > 0)) AS timed_attempts,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(latency_ms, latency_ms > 0) AS attempt_latency_ms,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(
    assumeNotNull(time_to_first_token_ms),
    time_to_first_token_ms IS NOT NULL
  ) AS first_token_ms
FROM
(
  SELECT *, if({by:String} = 'budget', budget_instant, ended_at) AS instant
  FROM usage_events
  WHERE organization = {organization:String}
    AND instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
  LIMIT 1 BY event_id, line
)
WHERE line = 0
  AND has(JSONExtract({filter:String}, 'team', 'Array(String)'), team) -- filtered by team
  AND has(JSONExtract({filter:String}, 'feature', 'Array(String)'), feature) -- filtered by feature
  AND has(JSONExtract({filter:String}, 'environment', 'Array(String)'), environment) -- filtered by environment
  AND has(JSONExtract({filter:String}, 'requestModel', 'Array(String)'), request_model) -- filtered by requestModel
  AND has(JSONExtract({filter:String}, 'providerOrganizationId', 'Array(String)'), ifNull(provider_organization_id, '')) -- filtered by providerOrganizationId
  AND has(JSONExtract({filter:String}, 'workspaceId', 'Array(String)'), ifNull(workspace_id, '')) -- filtered by workspaceId
  AND has(JSONExtract({filter:String}, 'apiKeyId', 'Array(String)'), ifNull(api_key_id, '')) -- filtered by apiKeyId
  AND has(JSONExtract({filter:String}, 'apiKeyHint', 'Array(String)'), ifNull(api_key_hint, '')) -- filtered by apiKeyHint
  AND has(JSONExtract({filter:String}, 'responseModel', 'Array(String)'), response_model) -- filtered by responseModel
  AND has(JSONExtract({filter:String}, 'status', 'Array(String)'), status) -- filtered by status
  AND has(JSONExtract({filter:String}, 'backend', 'Array(String)'), backend) -- filtered by backend
  AND has(JSONExtract({filter:String}, 'serviceTier', 'Array(String)'), ifNull(service_tier, '')) -- filtered by serviceTier
  AND has(JSONExtract({filter:String}, 'speed', 'Array(String)'), ifNull(speed, '')) -- filtered by speed
  AND has(JSONExtract({filter:String}, 'inferenceGeo', 'Array(String)'), ifNull(inference_geo, '')) -- filtered by inferenceGeo
  AND has(JSONExtract({filter:String}, 'promptBand', 'Array(String)'), prompt_band) -- filtered by promptBand
  AND has(JSONExtract({filter:String}, 'priceId', 'Array(String)'), ifNull(price_id, '')) -- filtered by priceId
  AND has(JSONExtract({filter:String}, 'basis', 'Array(String)'), basis) -- filtered by basis
  AND has(JSONExtract({filter:String}, 'lineType', 'Array(String)'), line_type) -- filtered by lineType
  AND has(JSONExtract({filter:String}, 'startedDay', 'Array(String)'), formatDateTime(toStartOfDay(started_at), '%Y-%m-%dT00:00:00.000Z')) -- filtered by startedDay
  AND has(JSONExtract({filter:String}, 'user', 'Array(String)'), ifNull(user_pseudonym, '')) -- filtered by user
  AND has(JSONExtract({filter:String}, 'workflow', 'Array(String)'), ifNull(workflow, '')) -- filtered by workflow
  AND has(JSONExtract({filter:String}, 'taskType', 'Array(String)'), ifNull(task_type, '')) -- filtered by taskType
  AND has(JSONExtract({filter:String}, 'tag', 'Array(String)'), tags[{tagKey:String}]) -- filtered by tag
GROUP BY ALL
HAVING count() > 0
`,
'mark_hours_dirty': `-- Marks the hours of one organization in [from, to) that have rows, so that they are added up again: as if their last rows had come
-- in just long enough ago to have settled. Hours that were added up in the last {doneForMs} are left, and frozen ones, whose rows may be gone.
INSERT INTO dirty_hours
SETTINGS async_insert = 0, insert_deduplicate = 0
SELECT {organization:String} AS organization, hour, now64(6) - toIntervalMillisecond({marginMs:Int64}) AS marked_at
FROM
(
  SELECT DISTINCT toStartOfHour(budget_instant) AS hour
  FROM usage_events
  WHERE organization = {organization:String}
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
)
WHERE hour >= toDateTime({frozenBeforeSeconds:Int64}, 'UTC')
  AND hour NOT IN
  (
    SELECT start
    FROM rollup_pointers
    WHERE organization = {organization:String} AND grain = 'hour'
    GROUP BY start
    HAVING max(taken_at) >= now64(6) - toIntervalMillisecond({doneForMs:Int64})
  )
`,
'record_migration': `-- On a cluster the tables are made whole: no migration is left to run.
INSERT INTO schema_migrations (version, name, checksum, applied_at)
VALUES (__VERSION__, '__NAME__', '__CHECKSUM__', now64(3))
`,
'report_version': `-- The newest version of one report over one range; with {pulledAtMs} and {bodyHash} that one.
SELECT
  provider_organization_id,
  report,
  toString(toUnixTimestamp64Milli(range_start)) AS range_start_ms,
  toString(toUnixTimestamp64Milli(range_end)) AS range_end_ms,
  toString(toUnixTimestamp64Milli(pulled_at)) AS pulled_at_ms,
  body_hash,
  body
FROM report_versions
WHERE organization = {organization:String}
  AND provider_organization_id = {providerOrganizationId:String}
  AND report = {report:String}
  AND range_start = fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND range_end = fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND ({bodyHash:String} = '' OR (body_hash = {bodyHash:String} AND pulled_at = fromUnixTimestamp64Milli({pulledAtMs:Int64}, 'UTC')))
ORDER BY pulled_at DESC, body_hash DESC
LIMIT 1
`,
'report_versions': `-- Every version of an organization's reports whose range overlaps [from, to), without bodies.
SELECT
  provider_organization_id,
  report,
  toString(toUnixTimestamp64Milli(range_start)) AS range_start_ms,
  toString(toUnixTimestamp64Milli(range_end)) AS range_end_ms,
  toString(toUnixTimestamp64Milli(pulled_at)) AS pulled_at_ms,
  body_hash
FROM report_versions
WHERE organization = {organization:String}
  AND range_start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND range_end > fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
ORDER BY provider_organization_id, report, range_start, range_end, pulled_at, body_hash
LIMIT 1 BY provider_organization_id, report, range_start, range_end, pulled_at, body_hash
`,
'retention_changes': `-- Every retention that has been in force since the tables were made, oldest first.
SELECT toString(toUnixTimestamp64Milli(applied_at)) AS applied_at_ms, raw_days
FROM retention_changes
ORDER BY applied_at, raw_days, provider_id_days
`,
'retention_in_force': `-- What the tables say themselves: a change that was recorded and not made, or made by hand, is seen.
SELECT
  toUInt32OrZero(extract(engine_full, 'TTL toDateTime\\\\(budget_instant\\\\) \\\\+ toIntervalDay\\\\((?:_CAST\\\\()?(\\\\d+)')) AS raw_days,
  toUInt32OrZero(extract(create_table_query, '\`request_id\`[^\`]*toIntervalDay\\\\((?:_CAST\\\\()?(\\\\d+)')) AS provider_id_days
FROM system.tables
WHERE database = currentDatabase() AND name = 'usage_events'
`,
'rollup_parts': `-- The parts that rollup_state reads. A part is never written again: while these are the same, so is what it answers.
SELECT table, name
FROM system.parts
WHERE active AND database = currentDatabase() AND table IN ('dirty_hours', 'rollup_pointers')
`,
'rollup_state': `-- Which days of an organization can be read from a rollup of days, by which generation; generation 0 of those that cannot, and
-- which of their hours cannot be read from one of hours either.
-- An hour is clean when a pointer to it was taken more than {marginMs} after its last mark, which is longer than an insert can
-- lie between its mark and its rows; or when its rows may be gone, so that what was added up is all there is.
-- A day is fresh when all its hours are clean and its pointer was made of exactly their generations; without a pointer its
-- generation is 0 by itself. Marks and pointers are stacked, not joined: most of the time of this statement goes into planning.
SELECT
  toString(toUInt32(toStartOfDay(start))) AS day,
  arraySort(groupArrayIf(toString(toUInt32(start)), is_marked AND NOT is_clean)) AS dirty_hours,
  if(
    notEmpty(dirty_hours)
      OR maxIf(last_source, grain = 'day') != groupBitXorIf(sipHash64(start, last_generation), is_marked),
    '0',
    toString(maxIf(last_generation, grain = 'day'))
  ) AS generation
FROM
(
  SELECT
    grain,
    start,
    argMax(generation, taken_at) AS last_generation,
    argMax(source, taken_at) AS last_source,
    max(marked_at) AS last_marked_at,
    last_marked_at > toDateTime64(0, 6, 'UTC') AS is_marked,
    last_generation != 0
      AND (max(taken_at) > last_marked_at + toIntervalMillisecond({marginMs:Int64})
        OR start < toDateTime({frozenBeforeSeconds:Int64}, 'UTC')) AS is_clean
  FROM
  (
    SELECT
      'hour' AS grain,
      hour AS start,
      marked_at,
      toDateTime64(0, 6, 'UTC') AS taken_at,
      toUInt64(0) AS generation,
      toUInt64(0) AS source
    FROM dirty_hours
    WHERE organization = {organization:String}
      AND start >= toDateTime({fromSeconds:Int64}, 'UTC')
      AND start < toDateTime({toSeconds:Int64}, 'UTC')

    UNION ALL

    SELECT grain, start, toDateTime64(0, 6, 'UTC') AS marked_at, taken_at, generation, source
    FROM rollup_pointers
    WHERE organization = {organization:String}
      AND start >= toDateTime({fromSeconds:Int64}, 'UTC')
      AND start < toDateTime({toSeconds:Int64}, 'UTC')
  )
  GROUP BY grain, start
)
GROUP BY toStartOfDay(start)
`,
'sent_alert': `-- What was recorded first of one threshold in one period, and what became of it.
SELECT
  budget_key AS key,
  threshold_percent,
  toString(spent_amount) AS spent,
  toString(limit_amount) AS limit_then,
  toString(toUnixTimestamp64Milli(crossed_at)) AS crossed_at_ms,
  outcome,
  detail,
  toString(toUnixTimestamp64Milli(ended_at)) AS ended_at_ms
FROM alerts_sent
WHERE organization = {organization:String}
  AND budget_key = {key:String}
  AND threshold_percent = {thresholdPercent:UInt32}
ORDER BY ver DESC, crossed_at
LIMIT 1
`,
'sent_alerts': `-- The thresholds that were announced in the periods of an organization that begin in [from, to); of two records the earlier crossing, and
-- what became of it. The second part of a key is the unit of its period, perhaps behind the measure, the third when it begins. A unit that
-- is not listed may be as long as the longest.
SELECT
  budget_key AS key,
  threshold_percent,
  toString(spent_amount) AS spent,
  toString(limit_amount) AS limit_then,
  toString(toUnixTimestamp64Milli(crossed_at)) AS crossed_at_ms,
  outcome,
  detail,
  toString(toUnixTimestamp64Milli(ended_at)) AS ended_at_ms
FROM alerts_sent
WHERE organization = {organization:String}
  AND toInt64OrZero(arrayElement(splitByChar(':', budget_key), 3)) >= {fromMs:Int64}
  AND toInt64OrZero(arrayElement(splitByChar(':', budget_key), 3)) < {toMs:Int64}
  AND (
    crossed_at > fromUnixTimestamp64Milli({openAtMs:Int64}) - INTERVAL 7 DAY
    OR toInt64OrZero(arrayElement(splitByChar(':', budget_key), 3)) + transform(
      arrayElement(splitByChar('.', arrayElement(splitByChar(':', budget_key), 2)), -1),
      {units:Array(String)},
      arrayMap(length -> toInt64(length), {longestMs:Array(String)}),
      arrayMax(arrayMap(length -> toInt64(length), {longestMs:Array(String)}))
    ) > {openAtMs:Int64}
  )
ORDER BY
  toInt64OrZero(arrayElement(splitByChar(':', budget_key), 3)),
  budget_key,
  threshold_percent,
  ver DESC,
  crossed_at
LIMIT 1 BY budget_key, threshold_percent
`,
'settled_totals': `-- What budget periods have been charged that may still be asked for: a key names unit and start of its period, which was over by
-- {liveFromMs} or is none of these. Of all such periods those that are wanted: {keys}, or the values of one ({valuesOf}), or all,
-- with {every} those of single values, too. No total is cut in the middle: all of a period's settlements are of {sumFromMs} or later.
-- An attempt is settled once and released once, whatever was recorded twice in two epochs; adjustments all count.
WITH deduplicated AS
(
  SELECT
    arrayFilter(
      entry -> toInt64OrZero(splitByChar(':', entry.1)[3])
          + if(position(splitByChar(':', entry.1)[2], 'rolling-') > 0,
              toInt64OrZero(extract(splitByChar(':', entry.1)[2], '[0-9]+')) * 1000 * {rollingParts:Int64},
              transform(splitByChar(':', entry.1)[2], {units:Array(String)}, arrayMap(length -> toInt64(length), {longestMs:Array(String)}), toInt64(0)))
          >= if(position(splitByChar(':', entry.1)[2], 'rolling-') > 0, {rollingFromMs:Int64}, {liveFromMs:Int64})
        AND ({every:UInt8} OR length(splitByChar(':', entry.1)) = 3)
        AND (empty({keys:Array(String)}) OR has({keys:Array(String)}, entry.1))
        AND startsWith(entry.1, {valuesOf:String}),
      arrayZip(arrayMap(key -> toString(key), keys), amounts)
    ) AS entries
  FROM settlements
  WHERE organization = {organization:String}
    AND budget_instant >= fromUnixTimestamp64Milli({sumFromMs:Int64}, 'UTC')
    AND notEmpty(entries)
  ORDER BY settled_at, epoch, seq
  LIMIT 1 BY attempt_id, kind, if(kind = 'adjust', (epoch, seq), ('', 0))
)
SELECT
  entry.1 AS key,
  toString(sum(toInt128(entry.2)) AS amount) AS total,
  toString(count() OVER ()) AS periods
FROM deduplicated
ARRAY JOIN entries AS entry
GROUP BY key
ORDER BY if(empty({valuesOf:String}), toInt128(0), -amount), key
LIMIT {atMost:UInt64}
`,
'settlement_gaps': `-- Numbers that no settlement of an organization has, between two that were settled in [from, to): each is a row that was lost or is
-- still on its way. A gate numbers without a gap within one epoch; adjustments of drift are numbered by nobody.
SELECT
  epoch,
  toString(seq + 1) AS from_seq,
  toString(next_seq - 1) AS to_seq,
  toString(toUnixTimestamp64Milli(first_settled_at)) AS before_ms,
  toString(toUnixTimestamp64Milli(next_settled_at)) AS after_ms
FROM
(
  SELECT
    epoch,
    seq,
    first_settled_at,
    leadInFrame(seq, 1, toUInt64(0)) OVER following AS next_seq,
    leadInFrame(first_settled_at) OVER following AS next_settled_at
  FROM
  (
    SELECT epoch, seq, min(settled_at) AS first_settled_at
    FROM settlements
    WHERE organization = {organization:String}
      AND epoch != 'drift'
      AND settled_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
      AND settled_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    GROUP BY epoch, seq
  )
  WINDOW following AS (PARTITION BY epoch ORDER BY seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
)
WHERE next_seq > seq + 1
ORDER BY epoch, seq
LIMIT 1000
`,
'spend': `-- Spend of one organization in [from, to) from its rows, by whatever is asked.
-- Sums are taken over one copy of each (event, line), whatever was stored twice. Reading in the order of the sort key makes
-- the choice among copies the same each time, and lets the engine stream instead of sorting.
-- Lines from 1000 on correct others: they add money, wherever it moves to, and are no attempt.
-- {rows} is usage_events, or late_usage_events for those that came too late for their hours.
-- {part} 'rest': only what rollups leave, which is rows of dirty hours and of instants outside of the range's whole hours.
SELECT
  team AS group_team, -- grouped by team
  feature AS group_feature, -- grouped by feature
  environment AS group_environment, -- grouped by environment
  request_model AS group_requestModel, -- grouped by requestModel
  ifNull(provider_organization_id, '') AS group_providerOrganizationId, -- grouped by providerOrganizationId
  ifNull(workspace_id, '') AS group_workspaceId, -- grouped by workspaceId
  ifNull(api_key_id, '') AS group_apiKeyId, -- grouped by apiKeyId
  ifNull(api_key_hint, '') AS group_apiKeyHint, -- grouped by apiKeyHint
  response_model AS group_responseModel, -- grouped by responseModel
  status AS group_status, -- grouped by status
  backend AS group_backend, -- grouped by backend
  ifNull(service_tier, '') AS group_serviceTier, -- grouped by serviceTier
  ifNull(speed, '') AS group_speed, -- grouped by speed
  ifNull(inference_geo, '') AS group_inferenceGeo, -- grouped by inferenceGeo
  prompt_band AS group_promptBand, -- grouped by promptBand
  ifNull(price_id, '') AS group_priceId, -- grouped by priceId
  basis AS group_basis, -- grouped by basis
  line_type AS group_lineType, -- grouped by lineType
  formatDateTime(toStartOfDay(started_at), '%Y-%m-%dT00:00:00.000Z') AS group_startedDay, -- grouped by startedDay
  ifNull(user_pseudonym, '') AS group_user, -- grouped by user
  ifNull(workflow, '') AS group_workflow, -- grouped by workflow
  ifNull(task_type, '') AS group_taskType, -- grouped by taskType
  tags[{tagKey:String}] AS group_tag, -- grouped by tag
  formatDateTime(toStartOfMonth(instant), '%Y-%m-01T00:00:00.000Z') AS group_month, -- grouped by month
  formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z') AS group_day, -- grouped by day
  formatDateTime(toStartOfHour(instant), '%Y-%m-%dT%H:00:00.000Z') AS group_hour, -- grouped by hour
  formatDateTime(toStartOfMinute(instant), '%Y-%m-%dT%H:%i:00.000Z') AS group_minute, -- grouped by minute
  uniqExactIf(event_id, line < 1000 AND (true)) AS sum_attempts,
  uniqExactIf(event_id, line < 1000 AND (attempt_number = 1)) AS sum_calls,
  uniqExactIf(event_id, line < 1000 AND (status = 'error')) AS sum_failed_attempts,
  sumForEach([
    toInt128(uncached_input_tokens),
    toInt128(cache_read_input_tokens),
    toInt128(cache_write_5m_input_tokens),
    toInt128(cache_write_1h_input_tokens),
    toInt128(cache_write_unsplit_input_tokens),
    toInt128(output_tokens),
    toInt128(ifNull(thinking_tokens, 0)),
    toInt128(web_search_requests),
    toInt128(web_fetch_requests),
    toInt128(list_cost_nano_usd),
    toInt128(contracted_cost_nano_usd),
    toInt128(web_search_cost_nano_usd),
    toInt128(rounding_pico_usd),
    toInt128(if(line = 0, latency_ms, 0)),
    toInt128(line = 0 AND latency_ms > 0),
    toInt128(if(line = 0, ifNull(time_to_first_token_ms, 0), 0)),
    toInt128(line = 0 AND time_to_first_token_ms IS NOT NULL)
  ]) AS sums
FROM
(
  SELECT *, if({by:String} = 'budget', budget_instant, ended_at) AS instant
  FROM {rows:Identifier}
  WHERE organization = {organization:String}
    AND instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND (
      {part:String} != 'rest'
      OR toStartOfHour(budget_instant) IN
      (
        SELECT toDateTime(toUInt32(arrayJoin({dirtyHours:Array(String)})), 'UTC')
      )
      OR instant < toDateTime64({hourFrom:Int64}, 3, 'UTC')
      OR instant >= toDateTime64({hourTo:Int64}, 3, 'UTC')
    )
  ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
  LIMIT 1 BY event_id, line
)
WHERE true
  AND has(JSONExtract({filter:String}, 'team', 'Array(String)'), team) -- filtered by team
  AND has(JSONExtract({filter:String}, 'feature', 'Array(String)'), feature) -- filtered by feature
  AND has(JSONExtract({filter:String}, 'environment', 'Array(String)'), environment) -- filtered by environment
  AND has(JSONExtract({filter:String}, 'requestModel', 'Array(String)'), request_model) -- filtered by requestModel
  AND has(JSONExtract({filter:String}, 'providerOrganizationId', 'Array(String)'), ifNull(provider_organization_id, '')) -- filtered by providerOrganizationId
  AND has(JSONExtract({filter:String}, 'workspaceId', 'Array(String)'), ifNull(workspace_id, '')) -- filtered by workspaceId
  AND has(JSONExtract({filter:String}, 'apiKeyId', 'Array(String)'), ifNull(api_key_id, '')) -- filtered by apiKeyId
  AND has(JSONExtract({filter:String}, 'apiKeyHint', 'Array(String)'), ifNull(api_key_hint, '')) -- filtered by apiKeyHint
  AND has(JSONExtract({filter:String}, 'responseModel', 'Array(String)'), response_model) -- filtered by responseModel
  AND has(JSONExtract({filter:String}, 'status', 'Array(String)'), status) -- filtered by status
  AND has(JSONExtract({filter:String}, 'backend', 'Array(String)'), backend) -- filtered by backend
  AND has(JSONExtract({filter:String}, 'serviceTier', 'Array(String)'), ifNull(service_tier, '')) -- filtered by serviceTier
  AND has(JSONExtract({filter:String}, 'speed', 'Array(String)'), ifNull(speed, '')) -- filtered by speed
  AND has(JSONExtract({filter:String}, 'inferenceGeo', 'Array(String)'), ifNull(inference_geo, '')) -- filtered by inferenceGeo
  AND has(JSONExtract({filter:String}, 'promptBand', 'Array(String)'), prompt_band) -- filtered by promptBand
  AND has(JSONExtract({filter:String}, 'priceId', 'Array(String)'), ifNull(price_id, '')) -- filtered by priceId
  AND has(JSONExtract({filter:String}, 'basis', 'Array(String)'), basis) -- filtered by basis
  AND has(JSONExtract({filter:String}, 'lineType', 'Array(String)'), line_type) -- filtered by lineType
  AND has(JSONExtract({filter:String}, 'startedDay', 'Array(String)'), formatDateTime(toStartOfDay(started_at), '%Y-%m-%dT00:00:00.000Z')) -- filtered by startedDay
  AND has(JSONExtract({filter:String}, 'user', 'Array(String)'), ifNull(user_pseudonym, '')) -- filtered by user
  AND has(JSONExtract({filter:String}, 'workflow', 'Array(String)'), ifNull(workflow, '')) -- filtered by workflow
  AND has(JSONExtract({filter:String}, 'taskType', 'Array(String)'), ifNull(task_type, '')) -- filtered by taskType
  AND has(JSONExtract({filter:String}, 'tag', 'Array(String)'), tags[{tagKey:String}]) -- filtered by tag
GROUP BY ALL
HAVING count() > 0
ORDER BY ALL
SETTINGS output_format_json_quote_64bit_integers = 1
`,
'stored_events': `-- Which rows of these events are there already: asked before rows are sent whose token may have been forgotten. By line, because the
-- corrections of an event come later than itself.
SELECT event_id, toString(line) AS line
FROM usage_events
WHERE organization IN {organizations:Array(String)}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND event_id IN {eventIds:Array(String)}

UNION DISTINCT

SELECT event_id, toString(line) AS line
FROM late_usage_events
WHERE organization IN {organizations:Array(String)}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant <= fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND event_id IN {eventIds:Array(String)}
`,
'unknown_usage': `-- What the provider reported in [from, to) by when it ended and the recording version did not know, per field and value.
-- Grouping by text is of use for names only: a count would make a group of nearly every row, and a long text is no name.
-- An event repeats its fields on each of its lines, and a row may stand twice: events are counted, not rows.
SELECT
  field,
  value,
  toString(uniqExact(event_id)) AS attempts,
  toString(min(toUnixTimestamp64Milli(ended_at))) AS first_seen_ms,
  toString(max(toUnixTimestamp64Milli(ended_at))) AS last_seen_ms
FROM
(
  SELECT
    event_id,
    ended_at,
    entry.1 AS field,
    if(startsWith(entry.2, '"') AND length(entry.2) <= 66, substring(entry.2, 2, length(entry.2) - 2), '') AS value
  FROM usage_events
  ARRAY JOIN JSONExtractKeysAndValuesRaw(ifNull(unknown_usage, '{}')) AS entry
  WHERE organization = {organization:String}
    AND ended_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND ended_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND unknown_usage IS NOT NULL
)
GROUP BY field, value
ORDER BY field, value
`,
'usage_page': `-- One page of an organization's rows in [from, to) by budget instant, one copy of each (event, line), in the order of the sort key:
-- the engine reads from the cursor on and stops when the page is full. Integers are not quoted, amounts are texts.
SELECT
  organization,
  event_id,
  call_id,
  attempt_number,
  provider_organization_id,
  workspace_id,
  api_key_id,
  api_key_hint,
  team,
  feature,
  environment,
  user_pseudonym,
  workflow,
  task_type,
  tags,
  backend,
  request_model,
  request_id,
  message_id,
  trace_id,
  toUnixTimestamp64Milli(started_at) AS started_at_ms,
  toUnixTimestamp64Milli(ended_at) AS ended_at_ms,
  toUnixTimestamp64Milli(budget_instant) AS budget_instant_ms,
  status,
  http_status,
  error_code,
  stop_reason,
  basis,
  streamed,
  latency_ms,
  time_to_first_token_ms,
  config_version,
  stable_prefix_hash,
  stable_prefix_bytes,
  unknown_usage,
  ver,
  line,
  line_type,
  response_model,
  uncached_input_tokens,
  cache_read_input_tokens,
  cache_write_5m_input_tokens,
  cache_write_1h_input_tokens,
  cache_write_unsplit_input_tokens,
  output_tokens,
  thinking_tokens,
  web_search_requests,
  web_fetch_requests,
  service_tier,
  speed,
  inference_geo,
  prompt_band,
  billed,
  toString(list_cost_nano_usd) AS list_cost_nano_usd_text,
  toString(contracted_cost_nano_usd) AS contracted_cost_nano_usd_text,
  toString(web_search_cost_nano_usd) AS web_search_cost_nano_usd_text,
  rounding_pico_usd,
  price_id,
  flags,
  ladder_steps,
  toString(expected_nano_usd) AS expected_nano_usd_text,
  toString(worst_nano_usd) AS worst_nano_usd_text,
  max_output_tokens,
  toUnixTimestamp(toStartOfHour(budget_instant)) AS hour_seconds
FROM usage_events
WHERE organization = {organization:String}
  AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
  AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND (toStartOfHour(budget_instant), team, feature, event_id)
    > (toDateTime({afterHour:Int64}, 'UTC'), {afterTeam:String}, {afterFeature:String}, {afterEvent:String})
ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
LIMIT 1 BY event_id, line
LIMIT {maxRows:UInt32}
SETTINGS output_format_json_quote_64bit_integers = 0
`,
} as const;

/** Of each rollup, the same statements. */
export const ROLLUP_QUERIES = {
  spend: {
'add_up_days': `-- Adds up days of spend_days from the generations of the hours that count, all of them given, as a generation of their own.
INSERT INTO spend_days
SETTINGS async_insert = 0, insert_deduplicate = 0, max_insert_block_size = 1048576
SELECT
  organization,
  toStartOfDay(hour) AS day,
  toStartOfDay(ended_hour) AS ended_day,
  team,
  feature,
  environment,
  response_model,
  status,
  {generation:UInt64} AS day_generation,
  fromUnixTimestamp64Micro({takenAtMicros:Int64}, 'UTC') AS day_taken_at,
  sum(attempts) AS sum_attempts,
  sum(calls) AS sum_calls,
  sum(failed_attempts) AS sum_failed_attempts,
  groupUniqArrayArray(split_attempts) AS all_split_attempts,
  groupUniqArrayArray(split_calls) AS all_split_calls,
  groupUniqArrayArray(split_failed_attempts) AS all_split_failed_attempts,
  sum(toInt128(uncached_input_tokens)) AS sum_uncached_input_tokens,
  sum(toInt128(cache_read_input_tokens)) AS sum_cache_read_input_tokens,
  sum(toInt128(cache_write_5m_input_tokens)) AS sum_cache_write_5m_input_tokens,
  sum(toInt128(cache_write_1h_input_tokens)) AS sum_cache_write_1h_input_tokens,
  sum(toInt128(cache_write_unsplit_input_tokens)) AS sum_cache_write_unsplit_input_tokens,
  sum(toInt128(output_tokens)) AS sum_output_tokens,
  sum(toInt128(thinking_tokens)) AS sum_thinking_tokens,
  sum(toInt128(web_search_requests)) AS sum_web_search_requests,
  sum(toInt128(web_fetch_requests)) AS sum_web_fetch_requests,
  sum(toInt128(list_cost_nano_usd)) AS sum_list_cost_nano_usd,
  sum(toInt128(contracted_cost_nano_usd)) AS sum_contracted_cost_nano_usd,
  sum(toInt128(web_search_cost_nano_usd)) AS sum_web_search_cost_nano_usd,
  sum(toInt128(rounding_pico_usd)) AS sum_rounding_pico_usd,
  sum(toInt128(latency_ms)) AS sum_latency_ms,
  sum(toInt128(timed_attempts)) AS sum_timed_attempts,
  sum(toInt128(time_to_first_token_ms)) AS sum_time_to_first_token_ms,
  sum(toInt128(first_token_attempts)) AS sum_first_token_attempts
FROM spend_hours
WHERE organization IN {organizations:Array(String)}
  AND (organization, hour, generation) IN
  (
    SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC'), toUInt64(chosen.3)
    FROM
    (
      SELECT arrayJoin(arrayZip(
        {organizations:Array(String)},
        {hours:Array(String)},
        {generations:Array(String)}
      )) AS chosen
    )
  )
GROUP BY ALL
`,
'add_up_hours': `-- Adds up the chosen hours of spend_hours from one copy of each (event, line), as a generation that no pointer names yet. The chosen
-- hours lie in [from, to), which spares the engine other months. An event with a line beyond line 0 is kept by id.
-- Lines from 1000 on are corrections of others: they add money, and no event is kept by id for them.
INSERT INTO spend_hours
SETTINGS async_insert = 0, insert_deduplicate = 0, max_insert_block_size = 1048576
WITH several_lines AS
(
  SELECT event_id
  FROM usage_events
  WHERE organization IN {organizations:Array(String)}
    AND (organization, toStartOfHour(budget_instant)) IN
    (
      SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC')
      FROM (SELECT arrayJoin(arrayZip({organizations:Array(String)}, {hours:Array(String)})) AS chosen)
    )
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND line > 0 AND line < 1000
)
SELECT
  organization,
  toStartOfHour(budget_instant) AS hour,
  toStartOfHour(ended_at) AS ended_hour,
  team AS of_team,
  feature AS of_feature,
  environment AS of_environment,
  response_model AS of_response_model,
  status AS of_status,
  {generation:UInt64} AS generation,
  fromUnixTimestamp64Micro({takenAtMicros:Int64}, 'UTC') AS taken_at,
  countIf(is_whole AND (true)) AS sum_attempts,
  countIf(is_whole AND (attempt_number = 1)) AS sum_calls,
  countIf(is_whole AND (status = 'error')) AS sum_failed_attempts,
  groupUniqArrayIf(event_id, is_split AND (true)) AS all_split_attempts,
  groupUniqArrayIf(event_id, is_split AND (attempt_number = 1)) AS all_split_calls,
  groupUniqArrayIf(event_id, is_split AND (status = 'error')) AS all_split_failed_attempts,
  sum(toInt128(uncached_input_tokens)) AS sum_uncached_input_tokens,
  sum(toInt128(cache_read_input_tokens)) AS sum_cache_read_input_tokens,
  sum(toInt128(cache_write_5m_input_tokens)) AS sum_cache_write_5m_input_tokens,
  sum(toInt128(cache_write_1h_input_tokens)) AS sum_cache_write_1h_input_tokens,
  sum(toInt128(cache_write_unsplit_input_tokens)) AS sum_cache_write_unsplit_input_tokens,
  sum(toInt128(output_tokens)) AS sum_output_tokens,
  sum(toInt128(ifNull(thinking_tokens, 0))) AS sum_thinking_tokens,
  sum(toInt128(web_search_requests)) AS sum_web_search_requests,
  sum(toInt128(web_fetch_requests)) AS sum_web_fetch_requests,
  sum(toInt128(list_cost_nano_usd)) AS sum_list_cost_nano_usd,
  sum(toInt128(contracted_cost_nano_usd)) AS sum_contracted_cost_nano_usd,
  sum(toInt128(web_search_cost_nano_usd)) AS sum_web_search_cost_nano_usd,
  sum(toInt128(rounding_pico_usd)) AS sum_rounding_pico_usd,
  sum(toInt128(if(line = 0, latency_ms, 0))) AS sum_latency_ms,
  sum(toInt128(line = 0 AND latency_ms > 0)) AS sum_timed_attempts,
  sum(toInt128(if(line = 0, ifNull(time_to_first_token_ms, 0), 0))) AS sum_time_to_first_token_ms,
  sum(toInt128(line = 0 AND time_to_first_token_ms IS NOT NULL)) AS sum_first_token_attempts
FROM
(
  SELECT *, line = 0 AND event_id NOT IN (several_lines) AS is_whole, line < 1000 AND NOT is_whole AS is_split
  FROM usage_events
  WHERE organization IN {organizations:Array(String)}
    AND (organization, toStartOfHour(budget_instant)) IN
    (
      SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC')
      FROM (SELECT arrayJoin(arrayZip({organizations:Array(String)}, {hours:Array(String)})) AS chosen)
    )
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
  LIMIT 1 BY event_id, line
)
GROUP BY ALL
`,
'read_days': `-- What one organization spent in the days that the range holds whole, by what spend_days distinguishes: of each day the generation
-- that rollup_state called fresh just before. Stale days are left to hours. By the budget's time, {freshDays} lie in the range.
-- Most of its time goes into planning, which a look at projections, a condition more or a sum more lengthen.
WITH if({by:String} = 'budget', day, ended_day) AS instant
SELECT
  team AS group_team, -- grouped by team
  feature AS group_feature, -- grouped by feature
  environment AS group_environment, -- grouped by environment
  response_model AS group_responseModel, -- grouped by responseModel
  status AS group_status, -- grouped by status
  formatDateTime(toStartOfMonth(instant), '%Y-%m-01T00:00:00.000Z') AS group_month, -- grouped by month
  formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z') AS group_day, -- grouped by day
  formatDateTime(toStartOfHour(instant), '%Y-%m-%dT%H:00:00.000Z') AS group_hour, -- grouped by hour
  formatDateTime(toStartOfMinute(instant), '%Y-%m-%dT%H:%i:00.000Z') AS group_minute, -- grouped by minute
  sum(attempts) + uniqExactArray(split_attempts) AS sum_attempts,
  sum(calls) + uniqExactArray(split_calls) AS sum_calls,
  sum(failed_attempts) + uniqExactArray(split_failed_attempts) AS sum_failed_attempts,
  sumForEach([
    toInt128(uncached_input_tokens),
    toInt128(cache_read_input_tokens),
    toInt128(cache_write_5m_input_tokens),
    toInt128(cache_write_1h_input_tokens),
    toInt128(cache_write_unsplit_input_tokens),
    toInt128(output_tokens),
    toInt128(thinking_tokens),
    toInt128(web_search_requests),
    toInt128(web_fetch_requests),
    toInt128(list_cost_nano_usd),
    toInt128(contracted_cost_nano_usd),
    toInt128(web_search_cost_nano_usd),
    toInt128(rounding_pico_usd),
    toInt128(latency_ms),
    toInt128(timed_attempts),
    toInt128(time_to_first_token_ms),
    toInt128(first_token_attempts)
  ]) AS sums
FROM spend_days
WHERE organization = {organization:String}
  AND (day, generation) IN {freshDays:Array(Tuple(DateTime, UInt64))}
  AND (
    {by:String} = 'budget'
    OR ended_day >= toDateTime({dayFrom:Int64}, 'UTC') AND ended_day < toDateTime({dayTo:Int64}, 'UTC')
  )
  AND has(JSONExtract({filter:String}, 'team', 'Array(String)'), team) -- filtered by team
  AND has(JSONExtract({filter:String}, 'feature', 'Array(String)'), feature) -- filtered by feature
  AND has(JSONExtract({filter:String}, 'environment', 'Array(String)'), environment) -- filtered by environment
  AND has(JSONExtract({filter:String}, 'responseModel', 'Array(String)'), response_model) -- filtered by responseModel
  AND has(JSONExtract({filter:String}, 'status', 'Array(String)'), status) -- filtered by status
GROUP BY ALL
HAVING count() > 0
SETTINGS
  output_format_json_quote_64bit_integers = 1,
  compile_expressions = 0,
  compile_aggregate_expressions = 0,
  optimize_use_projections = 0,
  optimize_use_implicit_projections = 0
`,
'read_hours': `-- What one organization spent in the hours that the range holds whole, by what spend_hours distinguishes, less what is read from
-- days: fresh days, as far as the instant lies in a day that the range holds whole. Dirty hours are left to rows.
WITH if({by:String} = 'budget', hour, ended_hour) AS instant
SELECT
  team AS group_team, -- grouped by team
  feature AS group_feature, -- grouped by feature
  environment AS group_environment, -- grouped by environment
  response_model AS group_responseModel, -- grouped by responseModel
  status AS group_status, -- grouped by status
  formatDateTime(toStartOfMonth(instant), '%Y-%m-01T00:00:00.000Z') AS group_month, -- grouped by month
  formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z') AS group_day, -- grouped by day
  formatDateTime(toStartOfHour(instant), '%Y-%m-%dT%H:00:00.000Z') AS group_hour, -- grouped by hour
  formatDateTime(toStartOfMinute(instant), '%Y-%m-%dT%H:%i:00.000Z') AS group_minute, -- grouped by minute
  sum(attempts) + uniqExactArray(split_attempts) AS sum_attempts,
  sum(calls) + uniqExactArray(split_calls) AS sum_calls,
  sum(failed_attempts) + uniqExactArray(split_failed_attempts) AS sum_failed_attempts,
  sumForEach([
    toInt128(uncached_input_tokens),
    toInt128(cache_read_input_tokens),
    toInt128(cache_write_5m_input_tokens),
    toInt128(cache_write_1h_input_tokens),
    toInt128(cache_write_unsplit_input_tokens),
    toInt128(output_tokens),
    toInt128(thinking_tokens),
    toInt128(web_search_requests),
    toInt128(web_fetch_requests),
    toInt128(list_cost_nano_usd),
    toInt128(contracted_cost_nano_usd),
    toInt128(web_search_cost_nano_usd),
    toInt128(rounding_pico_usd),
    toInt128(latency_ms),
    toInt128(timed_attempts),
    toInt128(time_to_first_token_ms),
    toInt128(first_token_attempts)
  ]) AS sums
FROM spend_hours
WHERE organization = {organization:String}
  AND instant >= toDateTime({hourFrom:Int64}, 'UTC')
  AND instant < toDateTime({hourTo:Int64}, 'UTC')
  AND (
    has({staleDays:Array(String)}, toString(toUInt32(toStartOfDay(hour))))
    OR instant < toDateTime({dayFrom:Int64}, 'UTC')
    OR instant >= toDateTime({dayTo:Int64}, 'UTC')
  )
  AND NOT has({dirtyHours:Array(String)}, toString(toUInt32(hour)))
  AND (hour, generation) IN
  (
    SELECT start, argMax(generation, taken_at)
    FROM rollup_pointers
    WHERE organization = {organization:String} AND grain = 'hour'
    GROUP BY start
  )
  AND has(JSONExtract({filter:String}, 'team', 'Array(String)'), team) -- filtered by team
  AND has(JSONExtract({filter:String}, 'feature', 'Array(String)'), feature) -- filtered by feature
  AND has(JSONExtract({filter:String}, 'environment', 'Array(String)'), environment) -- filtered by environment
  AND has(JSONExtract({filter:String}, 'responseModel', 'Array(String)'), response_model) -- filtered by responseModel
  AND has(JSONExtract({filter:String}, 'status', 'Array(String)'), status) -- filtered by status
GROUP BY ALL
HAVING count() > 0
SETTINGS output_format_json_quote_64bit_integers = 1
`,
'sweep_days': `-- Deletes what no pointer names from spend_days: replaced generations and those of jobs that died. Not the young ones: a job may be
-- about to name them, and a query may be reading them.
DELETE FROM spend_days
WHERE taken_at < now64(6) - toIntervalMillisecond({graceMs:Int64})
  AND (organization, day, generation) NOT IN
  (
    SELECT organization, start, argMax(rollup_pointers.generation, rollup_pointers.taken_at)
    FROM rollup_pointers
    WHERE grain = 'day'
    GROUP BY organization, start
  )
`,
'sweep_hours': `-- Deletes what no pointer names from spend_hours: replaced generations and those of jobs that died. Not the young ones: a job may be
-- about to name them, and a query may be reading them.
DELETE FROM spend_hours
WHERE taken_at < now64(6) - toIntervalMillisecond({graceMs:Int64})
  AND (organization, hour, generation) NOT IN
  (
    SELECT organization, start, argMax(rollup_pointers.generation, rollup_pointers.taken_at)
    FROM rollup_pointers
    WHERE grain = 'hour'
    GROUP BY organization, start
  )
`,
},
  billing: {
'add_up_days': `-- Adds up days of billing_days from the generations of the hours that count, all of them given, as a generation of their own.
INSERT INTO billing_days
SETTINGS async_insert = 0, insert_deduplicate = 0, max_insert_block_size = 1048576
SELECT
  organization,
  toStartOfDay(hour) AS day,
  toStartOfDay(ended_hour) AS ended_day,
  provider_organization_id,
  workspace_id,
  api_key_id,
  api_key_hint,
  response_model,
  backend,
  service_tier,
  speed,
  inference_geo,
  prompt_band,
  basis,
  {generation:UInt64} AS day_generation,
  fromUnixTimestamp64Micro({takenAtMicros:Int64}, 'UTC') AS day_taken_at,
  sum(attempts) AS sum_attempts,
  sum(calls) AS sum_calls,
  sum(failed_attempts) AS sum_failed_attempts,
  groupUniqArrayArray(split_attempts) AS all_split_attempts,
  groupUniqArrayArray(split_calls) AS all_split_calls,
  groupUniqArrayArray(split_failed_attempts) AS all_split_failed_attempts,
  sum(toInt128(uncached_input_tokens)) AS sum_uncached_input_tokens,
  sum(toInt128(cache_read_input_tokens)) AS sum_cache_read_input_tokens,
  sum(toInt128(cache_write_5m_input_tokens)) AS sum_cache_write_5m_input_tokens,
  sum(toInt128(cache_write_1h_input_tokens)) AS sum_cache_write_1h_input_tokens,
  sum(toInt128(cache_write_unsplit_input_tokens)) AS sum_cache_write_unsplit_input_tokens,
  sum(toInt128(output_tokens)) AS sum_output_tokens,
  sum(toInt128(thinking_tokens)) AS sum_thinking_tokens,
  sum(toInt128(web_search_requests)) AS sum_web_search_requests,
  sum(toInt128(web_fetch_requests)) AS sum_web_fetch_requests,
  sum(toInt128(list_cost_nano_usd)) AS sum_list_cost_nano_usd,
  sum(toInt128(contracted_cost_nano_usd)) AS sum_contracted_cost_nano_usd,
  sum(toInt128(web_search_cost_nano_usd)) AS sum_web_search_cost_nano_usd,
  sum(toInt128(rounding_pico_usd)) AS sum_rounding_pico_usd,
  sum(toInt128(latency_ms)) AS sum_latency_ms,
  sum(toInt128(timed_attempts)) AS sum_timed_attempts,
  sum(toInt128(time_to_first_token_ms)) AS sum_time_to_first_token_ms,
  sum(toInt128(first_token_attempts)) AS sum_first_token_attempts
FROM billing_hours
WHERE organization IN {organizations:Array(String)}
  AND (organization, hour, generation) IN
  (
    SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC'), toUInt64(chosen.3)
    FROM
    (
      SELECT arrayJoin(arrayZip(
        {organizations:Array(String)},
        {hours:Array(String)},
        {generations:Array(String)}
      )) AS chosen
    )
  )
GROUP BY ALL
`,
'add_up_hours': `-- Adds up the chosen hours of billing_hours from one copy of each (event, line), as a generation that no pointer names yet. The chosen
-- hours lie in [from, to), which spares the engine other months. An event with a line beyond line 0 is kept by id.
-- Lines from 1000 on are corrections of others: they add money, and no event is kept by id for them.
INSERT INTO billing_hours
SETTINGS async_insert = 0, insert_deduplicate = 0, max_insert_block_size = 1048576
WITH several_lines AS
(
  SELECT event_id
  FROM usage_events
  WHERE organization IN {organizations:Array(String)}
    AND (organization, toStartOfHour(budget_instant)) IN
    (
      SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC')
      FROM (SELECT arrayJoin(arrayZip({organizations:Array(String)}, {hours:Array(String)})) AS chosen)
    )
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    AND line > 0 AND line < 1000
)
SELECT
  organization,
  toStartOfHour(budget_instant) AS hour,
  toStartOfHour(ended_at) AS ended_hour,
  ifNull(provider_organization_id, '') AS of_provider_organization_id,
  ifNull(workspace_id, '') AS of_workspace_id,
  ifNull(api_key_id, '') AS of_api_key_id,
  ifNull(api_key_hint, '') AS of_api_key_hint,
  response_model AS of_response_model,
  backend AS of_backend,
  ifNull(service_tier, '') AS of_service_tier,
  ifNull(speed, '') AS of_speed,
  ifNull(inference_geo, '') AS of_inference_geo,
  prompt_band AS of_prompt_band,
  basis AS of_basis,
  {generation:UInt64} AS generation,
  fromUnixTimestamp64Micro({takenAtMicros:Int64}, 'UTC') AS taken_at,
  countIf(is_whole AND (true)) AS sum_attempts,
  countIf(is_whole AND (attempt_number = 1)) AS sum_calls,
  countIf(is_whole AND (status = 'error')) AS sum_failed_attempts,
  groupUniqArrayIf(event_id, is_split AND (true)) AS all_split_attempts,
  groupUniqArrayIf(event_id, is_split AND (attempt_number = 1)) AS all_split_calls,
  groupUniqArrayIf(event_id, is_split AND (status = 'error')) AS all_split_failed_attempts,
  sum(toInt128(uncached_input_tokens)) AS sum_uncached_input_tokens,
  sum(toInt128(cache_read_input_tokens)) AS sum_cache_read_input_tokens,
  sum(toInt128(cache_write_5m_input_tokens)) AS sum_cache_write_5m_input_tokens,
  sum(toInt128(cache_write_1h_input_tokens)) AS sum_cache_write_1h_input_tokens,
  sum(toInt128(cache_write_unsplit_input_tokens)) AS sum_cache_write_unsplit_input_tokens,
  sum(toInt128(output_tokens)) AS sum_output_tokens,
  sum(toInt128(ifNull(thinking_tokens, 0))) AS sum_thinking_tokens,
  sum(toInt128(web_search_requests)) AS sum_web_search_requests,
  sum(toInt128(web_fetch_requests)) AS sum_web_fetch_requests,
  sum(toInt128(list_cost_nano_usd)) AS sum_list_cost_nano_usd,
  sum(toInt128(contracted_cost_nano_usd)) AS sum_contracted_cost_nano_usd,
  sum(toInt128(web_search_cost_nano_usd)) AS sum_web_search_cost_nano_usd,
  sum(toInt128(rounding_pico_usd)) AS sum_rounding_pico_usd,
  sum(toInt128(if(line = 0, latency_ms, 0))) AS sum_latency_ms,
  sum(toInt128(line = 0 AND latency_ms > 0)) AS sum_timed_attempts,
  sum(toInt128(if(line = 0, ifNull(time_to_first_token_ms, 0), 0))) AS sum_time_to_first_token_ms,
  sum(toInt128(line = 0 AND time_to_first_token_ms IS NOT NULL)) AS sum_first_token_attempts
FROM
(
  SELECT *, line = 0 AND event_id NOT IN (several_lines) AS is_whole, line < 1000 AND NOT is_whole AS is_split
  FROM usage_events
  WHERE organization IN {organizations:Array(String)}
    AND (organization, toStartOfHour(budget_instant)) IN
    (
      SELECT chosen.1, toDateTime(toUInt32(chosen.2), 'UTC')
      FROM (SELECT arrayJoin(arrayZip({organizations:Array(String)}, {hours:Array(String)})) AS chosen)
    )
    AND budget_instant >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    AND budget_instant < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  ORDER BY organization, toStartOfHour(budget_instant), team, feature, event_id, line
  LIMIT 1 BY event_id, line
)
GROUP BY ALL
`,
'read_days': `-- What one organization spent in the days that the range holds whole, by what billing_days distinguishes: of each day the generation
-- that rollup_state called fresh just before. Stale days are left to hours. By the budget's time, {freshDays} lie in the range.
-- Most of its time goes into planning, which a look at projections, a condition more or a sum more lengthen.
WITH if({by:String} = 'budget', day, ended_day) AS instant
SELECT
  provider_organization_id AS group_providerOrganizationId, -- grouped by providerOrganizationId
  workspace_id AS group_workspaceId, -- grouped by workspaceId
  api_key_id AS group_apiKeyId, -- grouped by apiKeyId
  api_key_hint AS group_apiKeyHint, -- grouped by apiKeyHint
  response_model AS group_responseModel, -- grouped by responseModel
  backend AS group_backend, -- grouped by backend
  service_tier AS group_serviceTier, -- grouped by serviceTier
  speed AS group_speed, -- grouped by speed
  inference_geo AS group_inferenceGeo, -- grouped by inferenceGeo
  prompt_band AS group_promptBand, -- grouped by promptBand
  basis AS group_basis, -- grouped by basis
  formatDateTime(toStartOfMonth(instant), '%Y-%m-01T00:00:00.000Z') AS group_month, -- grouped by month
  formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z') AS group_day, -- grouped by day
  formatDateTime(toStartOfHour(instant), '%Y-%m-%dT%H:00:00.000Z') AS group_hour, -- grouped by hour
  formatDateTime(toStartOfMinute(instant), '%Y-%m-%dT%H:%i:00.000Z') AS group_minute, -- grouped by minute
  sum(attempts) + uniqExactArray(split_attempts) AS sum_attempts,
  sum(calls) + uniqExactArray(split_calls) AS sum_calls,
  sum(failed_attempts) + uniqExactArray(split_failed_attempts) AS sum_failed_attempts,
  sumForEach([
    toInt128(uncached_input_tokens),
    toInt128(cache_read_input_tokens),
    toInt128(cache_write_5m_input_tokens),
    toInt128(cache_write_1h_input_tokens),
    toInt128(cache_write_unsplit_input_tokens),
    toInt128(output_tokens),
    toInt128(thinking_tokens),
    toInt128(web_search_requests),
    toInt128(web_fetch_requests),
    toInt128(list_cost_nano_usd),
    toInt128(contracted_cost_nano_usd),
    toInt128(web_search_cost_nano_usd),
    toInt128(rounding_pico_usd),
    toInt128(latency_ms),
    toInt128(timed_attempts),
    toInt128(time_to_first_token_ms),
    toInt128(first_token_attempts)
  ]) AS sums
FROM billing_days
WHERE organization = {organization:String}
  AND (day, generation) IN {freshDays:Array(Tuple(DateTime, UInt64))}
  AND (
    {by:String} = 'budget'
    OR ended_day >= toDateTime({dayFrom:Int64}, 'UTC') AND ended_day < toDateTime({dayTo:Int64}, 'UTC')
  )
  AND has(JSONExtract({filter:String}, 'providerOrganizationId', 'Array(String)'), provider_organization_id) -- filtered by providerOrganizationId
  AND has(JSONExtract({filter:String}, 'workspaceId', 'Array(String)'), workspace_id) -- filtered by workspaceId
  AND has(JSONExtract({filter:String}, 'apiKeyId', 'Array(String)'), api_key_id) -- filtered by apiKeyId
  AND has(JSONExtract({filter:String}, 'apiKeyHint', 'Array(String)'), api_key_hint) -- filtered by apiKeyHint
  AND has(JSONExtract({filter:String}, 'responseModel', 'Array(String)'), response_model) -- filtered by responseModel
  AND has(JSONExtract({filter:String}, 'backend', 'Array(String)'), backend) -- filtered by backend
  AND has(JSONExtract({filter:String}, 'serviceTier', 'Array(String)'), service_tier) -- filtered by serviceTier
  AND has(JSONExtract({filter:String}, 'speed', 'Array(String)'), speed) -- filtered by speed
  AND has(JSONExtract({filter:String}, 'inferenceGeo', 'Array(String)'), inference_geo) -- filtered by inferenceGeo
  AND has(JSONExtract({filter:String}, 'promptBand', 'Array(String)'), prompt_band) -- filtered by promptBand
  AND has(JSONExtract({filter:String}, 'basis', 'Array(String)'), basis) -- filtered by basis
GROUP BY ALL
HAVING count() > 0
SETTINGS
  output_format_json_quote_64bit_integers = 1,
  compile_expressions = 0,
  compile_aggregate_expressions = 0,
  optimize_use_projections = 0,
  optimize_use_implicit_projections = 0
`,
'read_hours': `-- What one organization spent in the hours that the range holds whole, by what billing_hours distinguishes, less what is read from
-- days: fresh days, as far as the instant lies in a day that the range holds whole. Dirty hours are left to rows.
WITH if({by:String} = 'budget', hour, ended_hour) AS instant
SELECT
  provider_organization_id AS group_providerOrganizationId, -- grouped by providerOrganizationId
  workspace_id AS group_workspaceId, -- grouped by workspaceId
  api_key_id AS group_apiKeyId, -- grouped by apiKeyId
  api_key_hint AS group_apiKeyHint, -- grouped by apiKeyHint
  response_model AS group_responseModel, -- grouped by responseModel
  backend AS group_backend, -- grouped by backend
  service_tier AS group_serviceTier, -- grouped by serviceTier
  speed AS group_speed, -- grouped by speed
  inference_geo AS group_inferenceGeo, -- grouped by inferenceGeo
  prompt_band AS group_promptBand, -- grouped by promptBand
  basis AS group_basis, -- grouped by basis
  formatDateTime(toStartOfMonth(instant), '%Y-%m-01T00:00:00.000Z') AS group_month, -- grouped by month
  formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z') AS group_day, -- grouped by day
  formatDateTime(toStartOfHour(instant), '%Y-%m-%dT%H:00:00.000Z') AS group_hour, -- grouped by hour
  formatDateTime(toStartOfMinute(instant), '%Y-%m-%dT%H:%i:00.000Z') AS group_minute, -- grouped by minute
  sum(attempts) + uniqExactArray(split_attempts) AS sum_attempts,
  sum(calls) + uniqExactArray(split_calls) AS sum_calls,
  sum(failed_attempts) + uniqExactArray(split_failed_attempts) AS sum_failed_attempts,
  sumForEach([
    toInt128(uncached_input_tokens),
    toInt128(cache_read_input_tokens),
    toInt128(cache_write_5m_input_tokens),
    toInt128(cache_write_1h_input_tokens),
    toInt128(cache_write_unsplit_input_tokens),
    toInt128(output_tokens),
    toInt128(thinking_tokens),
    toInt128(web_search_requests),
    toInt128(web_fetch_requests),
    toInt128(list_cost_nano_usd),
    toInt128(contracted_cost_nano_usd),
    toInt128(web_search_cost_nano_usd),
    toInt128(rounding_pico_usd),
    toInt128(latency_ms),
    toInt128(timed_attempts),
    toInt128(time_to_first_token_ms),
    toInt128(first_token_attempts)
  ]) AS sums
FROM billing_hours
WHERE organization = {organization:String}
  AND instant >= toDateTime({hourFrom:Int64}, 'UTC')
  AND instant < toDateTime({hourTo:Int64}, 'UTC')
  AND (
    has({staleDays:Array(String)}, toString(toUInt32(toStartOfDay(hour))))
    OR instant < toDateTime({dayFrom:Int64}, 'UTC')
    OR instant >= toDateTime({dayTo:Int64}, 'UTC')
  )
  AND NOT has({dirtyHours:Array(String)}, toString(toUInt32(hour)))
  AND (hour, generation) IN
  (
    SELECT start, argMax(generation, taken_at)
    FROM rollup_pointers
    WHERE organization = {organization:String} AND grain = 'hour'
    GROUP BY start
  )
  AND has(JSONExtract({filter:String}, 'providerOrganizationId', 'Array(String)'), provider_organization_id) -- filtered by providerOrganizationId
  AND has(JSONExtract({filter:String}, 'workspaceId', 'Array(String)'), workspace_id) -- filtered by workspaceId
  AND has(JSONExtract({filter:String}, 'apiKeyId', 'Array(String)'), api_key_id) -- filtered by apiKeyId
  AND has(JSONExtract({filter:String}, 'apiKeyHint', 'Array(String)'), api_key_hint) -- filtered by apiKeyHint
  AND has(JSONExtract({filter:String}, 'responseModel', 'Array(String)'), response_model) -- filtered by responseModel
  AND has(JSONExtract({filter:String}, 'backend', 'Array(String)'), backend) -- filtered by backend
  AND has(JSONExtract({filter:String}, 'serviceTier', 'Array(String)'), service_tier) -- filtered by serviceTier
  AND has(JSONExtract({filter:String}, 'speed', 'Array(String)'), speed) -- filtered by speed
  AND has(JSONExtract({filter:String}, 'inferenceGeo', 'Array(String)'), inference_geo) -- filtered by inferenceGeo
  AND has(JSONExtract({filter:String}, 'promptBand', 'Array(String)'), prompt_band) -- filtered by promptBand
  AND has(JSONExtract({filter:String}, 'basis', 'Array(String)'), basis) -- filtered by basis
GROUP BY ALL
HAVING count() > 0
SETTINGS output_format_json_quote_64bit_integers = 1
`,
'sweep_days': `-- Deletes what no pointer names from billing_days: replaced generations and those of jobs that died. Not the young ones: a job may be
-- about to name them, and a query may be reading them.
DELETE FROM billing_days
WHERE taken_at < now64(6) - toIntervalMillisecond({graceMs:Int64})
  AND (organization, day, generation) NOT IN
  (
    SELECT organization, start, argMax(rollup_pointers.generation, rollup_pointers.taken_at)
    FROM rollup_pointers
    WHERE grain = 'day'
    GROUP BY organization, start
  )
`,
'sweep_hours': `-- Deletes what no pointer names from billing_hours: replaced generations and those of jobs that died. Not the young ones: a job may be
-- about to name them, and a query may be reading them.
DELETE FROM billing_hours
WHERE taken_at < now64(6) - toIntervalMillisecond({graceMs:Int64})
  AND (organization, hour, generation) NOT IN
  (
    SELECT organization, start, argMax(rollup_pointers.generation, rollup_pointers.taken_at)
    FROM rollup_pointers
    WHERE grain = 'hour'
    GROUP BY organization, start
  )
`,
},
} as const;

/** What each can be asked by, beside time; of rows anything can be asked. */
export const DIMENSIONS = {
  spend: ['team', 'feature', 'environment', 'responseModel', 'status'],
  billing: ['providerOrganizationId', 'workspaceId', 'apiKeyId', 'apiKeyHint', 'responseModel', 'backend', 'serviceTier', 'speed', 'inferenceGeo', 'promptBand', 'basis'],
  denials: ['team', 'feature', 'environment', 'requestModel', 'user'],
} as const;

/** Where all sums are one array: what it holds, in its order. */
export const SUMS = [
  'uncached_input_tokens',
  'cache_read_input_tokens',
  'cache_write_5m_input_tokens',
  'cache_write_1h_input_tokens',
  'cache_write_unsplit_input_tokens',
  'output_tokens',
  'thinking_tokens',
  'web_search_requests',
  'web_fetch_requests',
  'list_cost_nano_usd',
  'contracted_cost_nano_usd',
  'web_search_cost_nano_usd',
  'rounding_pico_usd',
  'latency_ms',
  'timed_attempts',
  'time_to_first_token_ms',
  'first_token_attempts',
] as const;
