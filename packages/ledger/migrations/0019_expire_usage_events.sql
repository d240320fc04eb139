-- Rows expire after 400 days and the provider's ids in them after 60, unless set otherwise; instants and costs take fewer bits.
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
