-- Durations are whole milliseconds (fractions of one cost 13 bytes a row), and a user's pseudonym is written once per part. From
-- here on call_id is '' where it is the event's own id.
ALTER TABLE usage_events
  MODIFY COLUMN IF EXISTS user_pseudonym LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
  MODIFY COLUMN IF EXISTS latency_ms UInt64 CODEC(T64, ZSTD(1)),
  MODIFY COLUMN IF EXISTS time_to_first_token_ms Nullable(UInt64) CODEC(T64, ZSTD(1))
