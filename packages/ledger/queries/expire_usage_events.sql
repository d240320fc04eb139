-- Changes how long raw rows and the provider's ids in them are kept. Nothing is rewritten at once: parts follow when they merge.
ALTER TABLE usage_events
  MODIFY COLUMN request_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay({providerIdDays:UInt32}),
  MODIFY COLUMN message_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay({providerIdDays:UInt32}),
  MODIFY COLUMN trace_id Nullable(String) CODEC(ZSTD(1)) TTL toDateTime(budget_instant) + toIntervalDay({providerIdDays:UInt32}),
  MODIFY TTL toDateTime(budget_instant) + toIntervalDay({rawDays:UInt32})
SETTINGS materialize_ttl_after_modify = 0
