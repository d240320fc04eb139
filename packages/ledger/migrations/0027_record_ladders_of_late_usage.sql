-- What a budget's ladder changed of a request. Null in every row that was written before, and wherever nothing was changed.
ALTER TABLE late_usage_events
  ADD COLUMN IF NOT EXISTS ladder_steps Nullable(String) CODEC(ZSTD(1))
