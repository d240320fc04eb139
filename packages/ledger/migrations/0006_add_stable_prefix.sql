-- Keyed hash and length of what the provider can cache of a request. Null in every row that was written before.
ALTER TABLE usage_events
  ADD COLUMN IF NOT EXISTS stable_prefix_hash Nullable(String) CODEC(ZSTD(1)) AFTER config_version,
  ADD COLUMN IF NOT EXISTS stable_prefix_bytes Nullable(UInt64) CODEC(ZSTD(1)) AFTER stable_prefix_hash
