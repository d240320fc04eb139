-- What an attempt was expected to cost and could cost at most when it was admitted, and the max_tokens it was asked with. Null in
-- every row that was written before.
ALTER TABLE late_usage_events
  ADD COLUMN IF NOT EXISTS expected_nano_usd Nullable(Int64) CODEC(T64('bit'), ZSTD(1)),
  ADD COLUMN IF NOT EXISTS worst_nano_usd Nullable(Int64) CODEC(T64('bit'), ZSTD(1)),
  ADD COLUMN IF NOT EXISTS max_output_tokens Nullable(UInt64) CODEC(T64, ZSTD(1))
