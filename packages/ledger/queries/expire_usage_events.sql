-- Changes how long raw rows and the ids of the provider in them are kept. Parts that are stored carry their old ends with them; a
-- mutation corrects them in the background.
ALTER TABLE usage_events
  MODIFY COLUMN request_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay({providerIdDays:UInt32}),
  MODIFY COLUMN message_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay({providerIdDays:UInt32}),
  MODIFY COLUMN trace_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay({providerIdDays:UInt32}),
  MODIFY TTL toDateTime(budget_instant) + toIntervalDay({rawDays:UInt32})
SETTINGS materialize_ttl_after_modify = 1, mutations_sync = 0
